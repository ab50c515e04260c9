from workers.process.metrics import labelled, merged

FIRST = """\
# HELP polls Polls so far
# TYPE polls counter
polls{queue="a, b} c"} 3
# HELP latency Time {in} seconds
# TYPE latency histogram
latency_bucket{le="0.1"} 1
latency_bucket{le="+Inf"} 2
latency_sum 0.3
latency_count 2 1700000000000
"""
SECOND = """\
# HELP latency Time {in} seconds
# TYPE latency histogram
latency_count{} 5
# HELP up Whether it is
# TYPE up gauge
up 1
bare_metric NaN
"""


def test_every_sample_says_its_process() -> None:
    assert labelled(FIRST, 1) == FIRST.replace('{queue="a', '{process="1",queue="a').replace(
        "{le", '{process="1",le'
    ).replace("_sum 0", '_sum{process="1"} 0').replace("_count 2", '_count{process="1"} 2')
    assert 'latency_count{process="2"} 5\n' in labelled(SECOND, 2)
    assert 'bare_metric{process="2"} NaN\n' in labelled(SECOND, 2)
    assert 'bare_metric{process="2",build="42"} NaN\n' in labelled(SECOND, 2, "42")
    assert 'polls{process="2",build="42",queue="a, b} c"} 3\n' in labelled(FIRST, 2, "42")


def test_texts_of_several_processes_become_one_in_which_each_metric_is_described_once() -> None:
    text = merged([labelled(FIRST, 1), labelled(SECOND, 2)])
    assert text.splitlines() == [
        "# HELP polls Polls so far",
        "# TYPE polls counter",
        'polls{process="1",queue="a, b} c"} 3',
        "# HELP latency Time {in} seconds",
        "# TYPE latency histogram",
        'latency_bucket{process="1",le="0.1"} 1',
        'latency_bucket{process="1",le="+Inf"} 2',
        'latency_sum{process="1"} 0.3',
        'latency_count{process="1"} 2 1700000000000',
        'latency_count{process="2"} 5',
        "# HELP up Whether it is",
        "# TYPE up gauge",
        'up{process="2"} 1',
        'bare_metric{process="2"} NaN',
    ]


def test_no_process_gives_no_text() -> None:
    assert merged([]) == ""
    assert labelled("", 1) == ""
