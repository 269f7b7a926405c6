# What programs need to be built with libcamtap: library, headers, and descriptions for pkg-config and find_package.
include(CMakePackageConfigHelpers)

set(camtap_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/camtap)

# Two sets of targets, since camtap::opencv can only be had where OpenCV is.
install(TARGETS camtap EXPORT camtapTargets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT libcamtap0 NAMELINK_COMPONENT libcamtap-dev)
install(TARGETS camtap_opencv EXPORT camtapOpencvTargets COMPONENT libcamtap-dev)
install(EXPORT camtapTargets NAMESPACE camtap:: DESTINATION ${camtap_package_dir} COMPONENT libcamtap-dev)
install(EXPORT camtapOpencvTargets NAMESPACE camtap:: DESTINATION ${camtap_package_dir} COMPONENT libcamtap-dev)
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/include/camtap DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT libcamtap-dev)

write_basic_package_version_file(${PROJECT_BINARY_DIR}/camtapConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/camtapConfig.cmake ${PROJECT_BINARY_DIR}/camtapConfigVersion.cmake
        DESTINATION ${camtap_package_dir} COMPONENT libcamtap-dev)

configure_file(${CMAKE_CURRENT_LIST_DIR}/camtap.pc.in ${PROJECT_BINARY_DIR}/camtap.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/camtap.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT libcamtap-dev)
