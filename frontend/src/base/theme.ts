/** The light, dark or system theme: stored, applied, and kept in step between tabs. */

const KEY = "lanewise:theme";
const THEMES = ["light", "dark", "auto"] as const;
export type Theme = (typeof THEMES)[number];

/** The stored choice; "auto" where nothing (or nothing sensible) is stored. */
export function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === stored) ?? "auto";
  } catch {
    return "auto";
  }
}

/** Puts a theme on the document; "auto" follows the system. */
export function applyTheme(theme: Theme): void {
  const dark =
    theme === "dark" || (theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
}

function choose(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Storage is switched off: the choice holds for this page.
  }
  applyTheme(theme);
}

export function startTheme(): void {
  for (const input of document.querySelectorAll<HTMLInputElement>("[data-theme-choice]")) {
    input.checked = input.value === storedTheme();
    input.addEventListener("change", () => {
      choose(THEMES.find((theme) => theme === input.value) ?? "auto");
    });
  }
  const reapply = (): void => {
    applyTheme(storedTheme());
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", reapply);
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) reapply();
  });
}
