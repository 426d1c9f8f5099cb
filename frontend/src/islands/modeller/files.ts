/** Reading a diagram from a file and writing diagrams and pictures to files. */
import { el } from "../../base/page.ts";

const LARGEST_BYTES = 10_000_000;

/** Lets somebody pick a BPMN file; null when nothing was picked. */
export async function pickDiagram(): Promise<string | null> {
  const input = el("input", { type: "file", accept: ".bpmn,.bpmn20.xml,.xml,application/xml" });
  return new Promise((resolve, reject) => {
    input.addEventListener("cancel", () => {
      resolve(null);
    });
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (!file) resolve(null);
      else if (file.size > LARGEST_BYTES) reject(new Error("The file is larger than 10 MB."));
      else file.text().then(resolve, reject);
    });
    input.click();
  });
}

/** Hands a text to the browser as a file. */
export function download(name: string, text: string, type: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a", { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}

/** A file name from the diagram's first process or participant: "deal.bpmn". */
export function fileName(xml: string, extension: string): string {
  const id = /<(?:\w+:)?process\b[^>]*\bid="([^"]+)"/.exec(xml)?.[1] ?? "diagram";
  return `${id.replace(/[^\w.-]+/g, "-")}.${extension}`;
}
