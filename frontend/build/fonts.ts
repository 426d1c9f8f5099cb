import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import subsetFont from "subset-font";
import type { Plugin } from "vite";

/** What browsers use by themselves, and the digits of one width that style sheets ask for. */
const FEATURES = ["calt", "ccmp", "kern", "locl", "mark", "mkmk", "tnum"];
const WEIGHTS = { min: 400, max: 700 };
const FACE = /@include face\("([^"]+)", \(([^)]+)\)\)/g;

/** The subsets that a style sheet includes: name → its ranges, as `unicode-range` writes them. */
export function facesOf(styles: string): Map<string, string> {
  return new Map([...styles.matchAll(FACE)].map(([, name = "", ranges = ""]) => [name, ranges]));
}

/** All characters of ranges such as `U+0400-045F, U+2116`. */
export function charactersOf(ranges: string): string {
  const parts = ranges.split(",").map((range) => range.trim().replace("U+", "").split("-"));
  return parts
    .flatMap(([first = "", last = first]) => {
      const begin = parseInt(first, 16);
      return Array.from({ length: parseInt(last, 16) - begin + 1 }, (_, place) => begin + place);
    })
    .map((point) => String.fromCodePoint(point))
    .join("");
}

/**
 * Lays the fonts that a style sheet includes into a folder, cut down to its characters, to the weights and to the
 * features in use: less than half of what the package brings.
 */
export function cutFonts(styles: string, source: string, target: string): Plugin {
  return {
    name: "lanewise-fonts",
    apply: "build",
    async buildStart() {
      mkdirSync(target, { recursive: true });
      const cut = [...facesOf(readFileSync(styles, "utf8"))].map(async ([name, ranges]) => {
        const whole = readFileSync(join(source, `inter-${name}-wght-normal.woff2`));
        const options = { targetFormat: "woff2", keepFeatures: FEATURES, variationAxes: { wght: WEIGHTS } } as const;
        writeFileSync(join(target, `inter-${name}.woff2`), await subsetFont(whole, charactersOf(ranges), options));
      });
      await Promise.all(cut);
    },
  };
}
