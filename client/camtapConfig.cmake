# find_package(camtap) gives camtap::camtap, and camtap::opencv where OpenCV is installed.
# find_package(camtap COMPONENTS opencv) insists on the latter.
include(${CMAKE_CURRENT_LIST_DIR}/camtapTargets.cmake)

find_package(OpenCV QUIET COMPONENTS core)
if(OpenCV_FOUND)
  include(${CMAKE_CURRENT_LIST_DIR}/camtapOpencvTargets.cmake)
  set(camtap_opencv_FOUND TRUE)
elseif(camtap_FIND_REQUIRED_opencv)
  set(camtap_FOUND FALSE)
  set(camtap_NOT_FOUND_MESSAGE "camtap::opencv needs OpenCV, which was not found (Debian: libopencv-dev)")
endif()
