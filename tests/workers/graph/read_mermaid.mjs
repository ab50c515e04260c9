// Reads flowcharts (a JSON list of texts on standard input) with Mermaid's own parser, and prints what it found in each.
import { JSDOM } from "jsdom";

globalThis.window = new JSDOM("").window;
globalThis.document = globalThis.window.document;
const mermaid = (await import("mermaid")).default;
mermaid.initialize({ securityLevel: "strict", maxEdges: 100000 });

let given = "";
for await (const part of process.stdin) given += part;
const found = [];
for (const text of JSON.parse(given)) {
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const groups = db.getSubGraphs();
  const boxes = [...db.getVertices().values()].map(({ id, text, classes }) => ({ id, text, classes }));
  found.push({
    boxes,
    groups: groups.map(({ id, title, classes }) => ({ id, text: title, classes })),
    edges: db.getEdges().map(({ start, end, text, stroke }) => [start, end, text, stroke]),
    theme: mermaid.mermaidAPI.getConfig().theme,
  });
}
process.stdout.write(JSON.stringify(found));
