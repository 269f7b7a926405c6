# What Debian wants of each package beyond what `cmake --install` makes. CPack runs it between the two.
file(GLOB roots LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/*)
foreach(root ${roots})
  cmake_path(GET root FILENAME package)

  # programs of a tree that can be moved find the library beside themselves; in the system the linker finds it
  file(GLOB_RECURSE files ${root}/usr/bin/* ${root}/usr/libexec/* ${root}/usr/lib/*.so.*)
  foreach(file ${files})
    if(NOT IS_SYMLINK ${file})
      file(RPATH_REMOVE FILE ${file})
    endif()
  endforeach()

  file(COPY ${CMAKE_CURRENT_LIST_DIR}/copyright ${CMAKE_CURRENT_LIST_DIR}/changelog DESTINATION ${root}/usr/share/doc/${package})
  file(GLOB pages ${root}/usr/share/man/*/*)
  foreach(file ${root}/usr/share/doc/${package}/changelog ${pages})
    execute_process(COMMAND gzip -9nf ${file} COMMAND_ERROR_IS_FATAL ANY)
  endforeach()

  file(MAKE_DIRECTORY ${root}/usr/share/lintian/overrides)
  file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/lintian-overrides ${root}/usr/share/lintian/overrides/${package})
endforeach()
