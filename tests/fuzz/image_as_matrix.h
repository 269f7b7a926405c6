// A frame seen through the public C++ and OpenCV headers. A file of its own, because the library's inside and
// the C++ interface have names in common.
#pragma once

struct camtap_frame;

namespace camtap::fuzz {

// Takes the frame over. Aborts if the matrix reaches beyond the frame's bytes, or a copy of it differs.
void look_as_matrix(camtap_frame* frame);

}  // namespace camtap::fuzz
