sre_test(unit_github UNITY
  SOURCES ${CMAKE_CURRENT_LIST_DIR}/github_test.cc ${CMAKE_CURRENT_LIST_DIR}/github_sign_in_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/github_pulls_test.cc
  LINKS github_adapters fake_github
  LABEL unit)
