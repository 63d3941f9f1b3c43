/* SPDX-License-Identifier: ISC */
#include "gateway/detect.h"

enum detect_protocol
detect_first(uint8_t first)
{
	if (first == 0x05) {
		return DETECT_SOCKS5;
	}
	if (first == 0x04) {
		return DETECT_SOCKS4;
	}
	if ((first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'z')) {
		return DETECT_HTTP;
	}
	return DETECT_NONE;
}
