import { fileURLToPath } from "node:url";

import { defineConfig } from "vitest/config";

import { cutFonts } from "./build/fonts.ts";
import { iconSprite } from "./build/icons.ts";
import { precompress } from "./build/precompress.ts";
import { styleAttributes } from "./build/styleattributes.ts";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  root: here("."),
  // Relative, so that the files work under whatever prefix the application is mounted on.
  base: "./",
  publicDir: false,
  plugins: [
    cutFonts(
      here("src/styles/fonts.scss"),
      here("node_modules/@fontsource-variable/inter/files"),
      here("node_modules/.fonts"),
    ),
    iconSprite(here("node_modules/@tabler/icons/icons"), here("src/logo.svg")),
    styleAttributes(),
    precompress(),
  ],
  build: {
    outDir: here("../app/static/dist"),
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2023",
    // Images and fonts stay files: `data:` URLs would need a hole in the content security policy.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2500,
    reportCompressedSize: false,
    rolldownOptions: { input: { base: here("src/base.ts") } },
  },
  test: {
    environment: "happy-dom",
    include: ["tests/**/*.test.ts"],
    testTimeout: 60_000,
  },
});
