"""Statistical process control on numbers: charts, run rules, run lengths, false-alarm budgets.

numpy and the standard library, nothing else of this package and no Airflow: usable by itself, in
Python and as a command (``python -m airflow_dataops.control_charts --help``). Import what you need
from the module that has it:

    observations    what was observed, checked
    variables       individuals, X-bar with R, X-bar with S
    attributes      p, np, c, u, Laney's p' and u'
    rare_events     g, t
    ewma, cusum     small shifts
    rules           Nelson's eight, Western Electric's four, means of two and three
    phases          a baseline looks back, a monitoring looks forward
    budget          limits that keep a stated number of false alarms
    run_length      how long until a signal, by chart and shift
    learning        weekdays, trend, autocorrelation, zeros: a chart of residuals
    incidents       points left out by name; learning anew
    batch           many series at once
    svg, terminal   a chart to look at
"""
