"""A module of a user's own actions, as `docs/adding-an-action.md` shows it."""

from __future__ import annotations

from pydantic import Field

from trunkline.actions import Config, Context, Result, action


class Words(Config):
    """What to count."""

    text: str = Field(description="Text whose words are counted.", max_length=10_000)


class Count(Result):
    """How many there are."""

    words: int = Field(description="Number of words.")


@action("count_words", repeat="safe", local=True, example={"text": "one two three"})
async def count_words(config: Words, context: Context) -> Count:
    """Count the words of a text."""
    return Count(words=len(config.text.split()))


ACTIONS = (count_words,)
