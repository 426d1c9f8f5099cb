import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

import type { Plugin, ResolvedConfig } from "vite";

const COMPRESSIBLE = /\.(?:js|css|svg)$/;
const SMALLEST_BYTES = 512;

/** Lays a `.br` and a `.gz` beside every text file, so that the server never compresses at run time. */
export function precompress(): Plugin {
  let config: ResolvedConfig;
  return {
    name: "lanewise-precompress",
    apply: "build",
    configResolved(resolved) {
      config = resolved;
    },
    closeBundle() {
      const folder = config.build.outDir;
      const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
      for (const entry of entries) {
        if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) continue;
        const path = join(entry.parentPath, entry.name);
        const bytes = readFileSync(path);
        if (bytes.length < SMALLEST_BYTES) continue;
        // The last steps of brotli cost seconds on the editors and save one per cent there.
        const quality = bytes.length > 300_000 ? 9 : 11;
        const params = { [constants.BROTLI_PARAM_QUALITY]: quality };
        writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
        writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
      }
    },
  };
}
