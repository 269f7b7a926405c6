# The Debian packages: `make deb`. Split as Debian does, so that a program that taps needs the library alone.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME camtap)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "camtap developers <camtap@localhost>")
set(CPACK_PACKAGE_HOMEPAGE_URL "")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package has its own
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)  # whatever the build's own is
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/systemd/debian/finish.cmake)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL camtapd libcamtap0 libcamtap-dev camtap-tools)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/client)  # our own library isn't installed yet

set(same_version "(= ${PROJECT_VERSION})")
set(extra ${PROJECT_SOURCE_DIR}/systemd/debian)

set(CPACK_DEBIAN_CAMTAPD_PACKAGE_NAME camtapd)
set(CPACK_DEBIAN_CAMTAPD_PACKAGE_SECTION video)
set(CPACK_COMPONENT_CAMTAPD_DESCRIPTION "one camera, many programs: the daemon
camtapd takes frames from cameras, video files, URLs and image directories and
shares them with any number of programs on this machine, without a copy.")
# its unit reloads by the command
set(CPACK_DEBIAN_CAMTAPD_PACKAGE_DEPENDS "libcamtap0 ${same_version}, camtap-tools ${same_version}, systemd")
set(CPACK_DEBIAN_CAMTAPD_PACKAGE_CONTROL_EXTRA
    ${extra}/conffiles ${extra}/postinst ${extra}/prerm ${extra}/postrm)

set(CPACK_DEBIAN_LIBCAMTAP0_PACKAGE_NAME libcamtap0)
set(CPACK_DEBIAN_LIBCAMTAP0_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_LIBCAMTAP0_PACKAGE_CONTROL_EXTRA ${extra}/triggers)
set(CPACK_COMPONENT_LIBCAMTAP0_DESCRIPTION "one camera, many programs: the library
With libcamtap a program attaches by name to a stream of frames that camtapd
shares, and reads them in place.")

set(CPACK_DEBIAN_LIBCAMTAP-DEV_PACKAGE_NAME libcamtap-dev)
set(CPACK_DEBIAN_LIBCAMTAP-DEV_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_LIBCAMTAP-DEV_DESCRIPTION "one camera, many programs: development files
Headers for C and C++ (with a view of a frame as cv::Mat), and what pkg-config
and CMake need to find libcamtap.")
set(CPACK_DEBIAN_LIBCAMTAP-DEV_PACKAGE_DEPENDS "libcamtap0 ${same_version}")

set(CPACK_DEBIAN_CAMTAP-TOOLS_PACKAGE_NAME camtap-tools)
set(CPACK_DEBIAN_CAMTAP-TOOLS_PACKAGE_SECTION video)
set(CPACK_COMPONENT_CAMTAP-TOOLS_DESCRIPTION "one camera, many programs: the command
The command camtap lists, watches, shows, saves and publishes the streams of
camtapd.")
set(CPACK_DEBIAN_CAMTAP-TOOLS_PACKAGE_DEPENDS "libcamtap0 ${same_version}")
include(CPack)
