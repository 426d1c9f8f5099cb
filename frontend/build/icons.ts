import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { Plugin } from "vite";

import { FILLED, OUTLINE } from "../src/icons.ts";

/** Cuts one icon file down to a `<symbol>` that takes its colour and size from where it is used. */
export function toSymbol(name: string, svg: string): string {
  const paint = name.endsWith("-filled") ? ' fill="currentColor" stroke="none"' : "";
  const body = /<svg[^>]*>([\s\S]*)<\/svg>/.exec(svg)?.[1];
  if (body === undefined) throw new Error(`Icon ${name} is not an SVG file`);
  const shapes = body
    .replace(/<path stroke="none" d="M0 0h24v24H0z" fill="none"\s*\/>/, "")
    .replace(/\s*\n\s*/g, "");
  return `<symbol id="${name}" viewBox="0 0 24 24"${paint}>${shapes}</symbol>`;
}

/** Writes the listed icons as one sprite, so that a page costs one cached request for all; and the logo. */
export function iconSprite(folder: string, logo: string): Plugin {
  return {
    name: "lanewise-icons",
    apply: "build",
    buildStart() {
      const read = (kind: string) => (name: string) =>
        toSymbol(
          kind === "filled" ? `${name}-filled` : name,
          readFileSync(join(folder, kind, `${name}.svg`), "utf8"),
        );
      const symbols = [...OUTLINE.map(read("outline")), ...FILLED.map(read("filled"))];
      this.emitFile({
        type: "asset",
        name: "icons.svg",
        originalFileName: "icons.svg",
        source: `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`,
      });
      this.emitFile({
        type: "asset",
        name: "logo.svg",
        originalFileName: "logo.svg",
        source: readFileSync(logo),
      });
    },
  };
}
