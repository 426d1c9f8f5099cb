import type { Plugin } from "vite";

const FILES = /(?:Align|Distribute)ElementsIcons\.js|bpmn-js-properties-panel\/dist\/index\.esm\.js/;
const STYLED = /style="([^"]*)"/g;

/** `fill:none;stroke:red` as SVG's own attributes; what is no SVG property is left to our style sheets. */
export function asAttributes(css: string): string {
  return css
    .split(";")
    .map((part) => part.split(":").map((word) => word.trim()))
    .filter(([name]) => name && /^(?:fill|stroke|opacity)/.test(name))
    .map(([name, value]) => `${name ?? ""}="${value ?? ""}"`)
    .join(" ");
}

/** Takes `style="…"` out of the markup that bpmn-js parses at run time: our policy would block it. */
export function styleAttributes(): Plugin {
  return {
    name: "lanewise-style-attributes",
    apply: "build",
    transform: {
      filter: { id: FILES, code: /style="/ },
      handler: (code) => code.replace(STYLED, (_, css: string) => asAttributes(css)),
    },
  };
}
