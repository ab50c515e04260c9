"""What came of a suite as JUnit's XML, which build servers read."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from workers.rehearsal.suite.faults import Deviation
from workers.rehearsal.suite.paths import shown
from workers.rehearsal.suite.playing import CaseResult
from workers.rehearsal.suite.suite import MeasuredFile, SuiteResult


def junit(suite: SuiteResult) -> str:
    """Return the XML: a `testsuite` for each file, a `testcase` for each result."""
    root = ET.Element("testsuites")
    for one in suite.files:
        _file(root, one)
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(element.attrib[name]) for element in root)))
    root.set("time", f"{sum(one.result.seconds for one in suite.files):.3f}")
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _file(root: ET.Element, one: MeasuredFile) -> None:
    wrong, path = one.file.problems, _printable(str(one.file.path))
    attributes = {
        "name": path,
        "tests": str(len(one.result.results) + bool(wrong)),
        "failures": str(len(one.result.failed)),
        "errors": str(int(bool(wrong))),
        "time": f"{one.result.seconds:.3f}",
    }
    element = ET.SubElement(root, "testsuite", attributes)
    if wrong:
        case = ET.SubElement(element, "testcase", name=path, classname=_printable(one.file.name), time="0.000")
        error = ET.SubElement(case, "error", type=wrong[0].code, message=_printable(str(wrong[0])))
        error.text = _printable("\n".join(map(str, wrong)))
    for result in one.result.results:
        _case(element, one.file.name, result)


def _case(element: ET.Element, automation: str, result: CaseResult) -> None:
    case = ET.SubElement(
        element, "testcase", name=_printable(result.case.name), classname=automation, time=f"{result.seconds:.3f}"
    )
    if result.faults:
        failure = ET.SubElement(case, "failure", type="fault", message=_printable(result.faults[0].message))
        failure.text = _printable("\n".join(_line(result, fault) for fault in result.faults))


def _line(result: CaseResult, fault: Deviation) -> str:
    where = f"{result.case.file.path}:{result.case.line(fault.place)}"
    paste = f"\n    {fault.paste}" if fault.paste else ""
    return f"{where}: {shown(fault.place)}: {fault.message}{paste}"


def _printable(text: str) -> str:
    """Return a text without the control characters that XML cannot hold."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else "�" for sign in text)
