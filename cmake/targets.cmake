# One library per folder. Usage:
#   sre_library(ledger_adapters SOURCES sqlite_ledger.cc LINKS ledger SQLite::SQLite3 [NO_UNITY] [COLD])
# Unity builds keep the clean build short; NO_UNITY is for units with Beast or hnswlib headers. COLD is
# for what no healing waits for: it compiles in three quarters of the time with -O1.
add_library(sre_options INTERFACE)
target_compile_options(sre_options INTERFACE -Wall -Wextra -Wconversion -Werror -Wswitch-enum)
target_compile_definitions(sre_options INTERFACE JSON_USE_IMPLICIT_CONVERSIONS=0)
target_include_directories(sre_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/shared)

function(sre_library name)
  cmake_parse_arguments(ARG "NO_UNITY;COLD" "" "SOURCES;LINKS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC sre_options ${ARG_LINKS})
  if(ARG_COLD AND NOT CMAKE_BUILD_TYPE STREQUAL "Debug")
    target_compile_options(${name} PRIVATE -O1)
  endif()
  if(NOT ARG_NO_UNITY)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
  endif()
endfunction()

# With -Og GCC 12 finds std::stop_source uninitialised in its own header.
set(SRE_TEST_OPTIONS -Og -Wno-maybe-uninitialized)

# A doctest program of one or more sources. UNITY: its sources are compiled four at a time, which
# halves their time; names in them must differ.
function(sre_program name)
  cmake_parse_arguments(ARG "UNITY" "" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE sre_options test_main ${ARG_LINKS})
  set_target_properties(${name} PROPERTIES UNITY_BUILD ${ARG_UNITY} UNITY_BUILD_BATCH_SIZE 4)
  # Tables of checks compile three times faster so than with -O2, and no slower than with -O0, which
  # would make the strings and containers of the libraries under test slow as well.
  target_compile_options(${name} PRIVATE ${SRE_TEST_OPTIONS})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    target_precompile_headers(${name} REUSE_FROM test_main)
  endif()
endfunction()

# Such a program, found by ctest as `name`. LABEL unit|simulation|integration.
function(sre_test name)
  cmake_parse_arguments(ARG "UNITY" "LABEL" "SOURCES;LINKS" ${ARGN})
  if(ARG_UNITY)
    set(unity UNITY)
  endif()
  sre_program(${name} ${unity} SOURCES ${ARG_SOURCES} LINKS ${ARG_LINKS})
  add_test(NAME ${name} COMMAND ${name} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300)
endfunction()

# Tests of one kind in one program, so that their headers are read once; ctest still finds each of them.
# TESTS are NAME:FILE; names in the files must differ.
function(sre_tests program)
  cmake_parse_arguments(ARG "" "LABEL" "TESTS;LINKS" ${ARGN})
  list(TRANSFORM ARG_TESTS REPLACE "^.*:" "${CMAKE_CURRENT_LIST_DIR}/" OUTPUT_VARIABLE sources)
  sre_program(${program} UNITY SOURCES ${sources} LINKS ${ARG_LINKS})
  foreach(test ${ARG_TESTS})
    string(REPLACE ":" ";" words ${test})
    list(GET words 0 name)
    list(GET words 1 file)
    add_test(NAME ${name} COMMAND ${program} --source-file=*/${file} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    # A filter that finds nothing is no success.
    set_tests_properties(${name} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300
      FAIL_REGULAR_EXPRESSION "test cases: +0 ")
  endforeach()
endfunction()
