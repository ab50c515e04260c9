// Shows what arrives as it arrives; what a reader has opened stays open.
let shown = null;

async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.body.innerHTML;
    if (shown !== null && fresh !== shown) {
      const open = [...document.querySelectorAll("details[open]")].map((details) => details.id);
      document.body.replaceChildren(...page.body.childNodes);
      for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    }
    shown = fresh;
    document.title = page.title;
  } catch {
    document.title = "Sandbox (stopped)";
  }
  setTimeout(refresh, 1500);
}

refresh();
