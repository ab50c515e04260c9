"""What an automation would do for an event, told before it does it: its verdicts, its steps, and every way they can go.

The shipped interpreter plays the automation (`workers/rehearsal/play.py`). What nobody knows, such as what a receiver
will answer, is a mark among the data: `guide.py` leaves the texts that need it as they are written, and takes one way
where a condition needs it; `ways.py` plays again for each other way.
"""
