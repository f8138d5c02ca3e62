sre_library(fake_engine SOURCES ${CMAKE_CURRENT_LIST_DIR} /
            fake_engine.cc LINKS engine engine_snapshot base)
