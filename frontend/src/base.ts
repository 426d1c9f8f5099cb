/** What every page loads: styles, htmx, small behaviours, and the loader that fetches islands on demand. */
import "./styles/base.scss";

import { startBoard } from "./base/board.ts";
import { startChoosing } from "./base/choosing.ts";
import { startConfirming } from "./base/confirm.ts";
import { startElements } from "./base/elements.ts";
import { startFilters } from "./base/filters.ts";
import { startHtmx } from "./base/htmx.ts";
import { startKeyboard } from "./base/keyboard.ts";
import { startMenus } from "./base/menus.ts";
import { startNarrowing } from "./base/narrowing.ts";
import { onContent } from "./base/page.ts";
import { startPlaces } from "./base/places.ts";
import { startRefused } from "./base/refused.ts";
import { startSearch } from "./base/search.ts";
import { startSnippets } from "./base/snippets.ts";
import { startTheme } from "./base/theme.ts";
import { startTicking } from "./base/ticks.ts";
import { localiseTimes, tellZone } from "./base/times.ts";
import { dressToasts } from "./base/toasts.ts";
import { startUploads } from "./base/uploads.ts";
import { mountIslands, unmountLeavingIslands } from "./islands/loader.ts";

startTheme();
tellZone();
startMenus();
startChoosing();
startConfirming();
startFilters();
startKeyboard();
startPlaces();
startSearch();
startNarrowing();
startHtmx();
startBoard();
startElements();
startSnippets();
startTicking();
startUploads();
startRefused();
unmountLeavingIslands();
onContent((root) => {
  localiseTimes(root);
  dressToasts(root);
  mountIslands(root);
});
document.documentElement.dataset.ready = "";
