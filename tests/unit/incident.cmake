sre_test(incident_event_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/incident_event_test.cc LINKS incident_codec LABEL unit)
sre_test(incident_chart_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/incident_chart_test.cc LINKS incident_codec LABEL unit)
sre_test(incident_deploys_test SOURCES ${CMAKE_CURRENT_LIST_DIR}/incident_deploys_test.cc LINKS incident LABEL unit)
