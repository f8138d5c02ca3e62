sre_library(fake_github COLD SOURCES ${CMAKE_CURRENT_LIST_DIR} /
            fake_github.cc ${CMAKE_CURRENT_LIST_DIR} / fake_pulls.cc LINKS github base)
