"""Which models Google Speech-to-Text, version 1, lists for which language.

Google's list of supported languages has `default` and `command_and_search` for nearly all of them and every other model
for some (https://cloud.google.com/speech-to-text/docs/v1/speech-to-text-supported-languages). It grows, so that what is
not in it is doubted and not refused.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import NamedTuple


def _codes(*texts: str) -> frozenset[str]:
    return frozenset(code for text in texts for code in text.split())


_PHONE = _codes("de-DE en-AU en-GB en-US es-ES es-US fr-CA fr-FR it-IT ja-JP pt-BR ru-RU")

_TELEPHONY = _codes(
    "de-AT de-CH de-DE en-AU en-CA en-GB en-HK en-IE en-IN en-NZ en-PK en-SG en-US es-ES es-US fr-BE fr-CA fr-CH fr-FR",
    "hi-IN it-CH it-IT ja-JP ko-KR nl-BE nl-NL pt-BR pt-PT",
)

_SPANISH = _codes(
    "es-AR es-BO es-CL es-CO es-CR es-DO es-EC es-GT es-HN es-MX es-NI es-PA es-PE es-PR es-SV es-UY es-VE"
)

_LATEST_ONLY = _codes("rw-RW ss-Latn-ZA st-ZA tn-Latn-ZA ts-ZA ve-ZA xh-ZA")

_LATEST = _LATEST_ONLY | _codes(
    "ar-AE ar-BH ar-DZ ar-EG ar-IL ar-IQ ar-JO ar-KW ar-LB ar-MA ar-MR ar-OM ar-PS ar-QA ar-SA ar-TN ar-YE",
    "bg-BG bn-BD cs-CZ da-DK de-DE en-AU en-GB en-IN en-US es-ES es-US fi-FI fr-CA fr-FR hi-IN hu-HU id-ID it-IT ja-JP",
    "km-KH kn-IN ko-KR mk-MK ml-IN mr-IN nl-NL no-NO pl-PL pt-BR pt-PT ro-RO ru-RU sv-SE ta-IN te-IN th-TH tr-TR uk-UA",
    "vi-VN",
)

_PLAIN_ONLY = _codes(
    "af-ZA am-ET ar-SY az-AZ bn-IN bs-BA ca-ES cmn-Hans-CN cmn-Hans-HK cmn-Hant-TW el-GR en-GH en-KE en-NG en-PH en-TZ",
    "en-ZA es-PY et-EE eu-ES fa-IR fil-PH gl-ES gu-IN hr-HR hy-AM is-IS iw-IL jv-ID ka-GE kk-KZ lo-LA lt-LT lv-LV",
    "mn-MN ms-MY my-MM ne-NP pa-Guru-IN si-LK sk-SK sl-SI sq-AL sr-RS su-ID sw-KE sw-TZ ta-LK ta-MY ta-SG ur-IN ur-PK",
    "uz-UZ yue-Hant-HK zu-ZA",
)

_PLAIN = (_PHONE | _TELEPHONY | _SPANISH | _LATEST | _PLAIN_ONLY) - _LATEST_ONLY

MODELS: Mapping[str, frozenset[str]] = {
    "default": _PLAIN,
    "command_and_search": _PLAIN,
    "latest_long": _LATEST,
    "latest_short": _LATEST,
    "phone_call": _PHONE,
    "telephony": _TELEPHONY,
    "telephony_short": _TELEPHONY | _SPANISH,
    "video": _codes("en-US"),
    "medical_conversation": _codes("en-US"),
    "medical_dictation": _codes("en-US"),
}
"""The languages of each model."""

ENHANCED = ("phone_call", "video")
"""Models of which there is an enhanced version. Of others Google takes the standard one, whatever is asked for."""

LANGUAGES: Mapping[str, tuple[str, ...]] = {
    code: tuple(model for model, codes in MODELS.items() if code in codes)
    for code in sorted({code for codes in MODELS.values() for code in codes})
}
"""The models of each language, in the order of `MODELS`."""


class Lack(NamedTuple):
    """Why there is no such model.

    Attributes:
        sentence: what is not there.
        hint: what is.
    """

    sentence: str
    hint: str


def lack(language: str, model: str | None, *, enhanced: bool) -> Lack | None:
    """Return why there is no such model of a language, None where there is one or nobody knows."""
    if model is not None and model not in MODELS:
        near = difflib.get_close_matches(model, MODELS, 1)
        return Lack(f"Google has no model {model}", f"did you mean {near[0]}?" if near else _one_of(MODELS))
    code = next((code for code in LANGUAGES if code.lower() == language.lower()), None)
    if code is None and MODELS.get(model or "default") is _PLAIN and not enhanced:
        return None
    models = LANGUAGES.get(code or "", ())
    if model is not None and model not in models:
        return Lack(f"Google lists no model {model} for {language}", _instead(language, models, MODELS[model]))
    if enhanced and model is not None and model not in ENHANCED:
        return Lack(f"There is no enhanced version of the model {model}", "leave `enhanced` out")
    if enhanced and not set(ENHANCED) & {*models}:
        return Lack(f"Google lists no enhanced model for {language}", "leave `enhanced` out")
    return None


def _instead(language: str, models: Iterable[str], codes: Iterable[str]) -> str:
    """Return what there is: models of the language, or codes of the same language with another place."""
    near = [code for code in sorted(codes) if code.partition("-")[0].lower() == language.partition("-")[0].lower()]
    return (
        _one_of(models)
        if models
        else f"write {' or '.join(near)}"
        if near
        else "leave it out, so that Google chooses one"
    )


def _one_of(models: Iterable[str]) -> str:
    return f"there are {', '.join(models)}"
