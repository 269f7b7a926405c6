// The boxes of the tracks: on the picture for people, as a line of JSON for programs.
#pragma once

#include <camtap/camtap.hpp>
#include <opencv2/core.hpp>
#include <string>
#include <vector>

#include "tracker.h"

void draw_tracks(cv::Mat& picture, const std::vector<Track>& tracks);

// {"sequence":…,"capture_ns":…,"age_ms":…,"boxes":[{"id":…,"x":…,"y":…,"w":…,"h":…},…]}, boxes in pixels of
// the frame.
std::string tracks_as_json(const camtap_frame_info& info, double age_ms, const std::vector<Track>& tracks);
