# SPDX-License-Identifier: ISC

TESTS += %D%/vectors.test
dist_check_SCRIPTS += %D%/vectors.test
EXTRA_DIST += \
	%D%/README.md \
	%D%/hmac.json \
	%D%/joinstring.json \
	%D%/keys.json \
	%D%/linkhello.json \
	%D%/make_vectors.py \
	%D%/noise.json \
	%D%/published/Noise_IK_25519_ChaChaPoly_BLAKE2b.json \
	%D%/published/Noise_IKpsk1_25519_ChaChaPoly_BLAKE2b.json \
	%D%/published/Noise_XK_25519_ChaChaPoly_BLAKE2b.json \
	%D%/resume.json \
	%D%/seal.json \
	%D%/sessionhello.json \
	$(NULL)
