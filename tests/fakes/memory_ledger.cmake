sre_library(fake_ledger SOURCES ${CMAKE_CURRENT_LIST_DIR} / memory_ledger.cc LINKS incident base)
