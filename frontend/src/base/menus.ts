/** Popover menus open beside their button and move with the arrow keys; dialogs open by name. */

const GAP = 4;

function place(menu: HTMLElement, button: HTMLElement): void {
  const anchor = button.getBoundingClientRect();
  const size = menu.getBoundingClientRect();
  const below = anchor.bottom + GAP;
  const above = anchor.top - size.height - GAP;
  const wantsAbove = menu.dataset.menu === "above" || below + size.height > innerHeight;
  const top = wantsAbove && above >= 0 ? above : below;
  const alignEnd = anchor.left + size.width > innerWidth - GAP;
  const left = alignEnd ? Math.max(GAP, anchor.right - size.width) : anchor.left;
  menu.style.top = `${String(top)}px`;
  menu.style.left = `${String(left)}px`;
}

function invoker(menu: HTMLElement): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[popovertarget="${CSS.escape(menu.id)}"]`);
}

/** The open menu that the element is in, or whose button it is: there the focus stays at first. */
function openMenuAt(element: Element): HTMLElement | null {
  const inside = element.closest<HTMLElement>("[data-menu]:popover-open");
  if (inside) return inside;
  const menu = document.querySelector<HTMLElement>("[data-menu]:popover-open");
  return menu && invoker(menu) === element ? menu : null;
}

function moveFocus(menu: HTMLElement, step: number): void {
  const items = [...menu.querySelectorAll<HTMLElement>(".lw-menu-item")];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const from = at < 0 && step < 0 ? items.length : at;
  items[(from + step + items.length) % items.length]?.focus();
}

export function startMenus(): void {
  // `toggle` doesn't bubble; capturing sees it for menus that htmx brings later, too.
  document.addEventListener(
    "toggle",
    (event) => {
      const menu = event.target;
      if (!(menu instanceof HTMLElement) || !("menu" in menu.dataset)) return;
      const button = invoker(menu);
      if ((event).newState === "open" && button) place(menu, button);
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    const menu = openMenuAt(event.target as Element);
    if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
    if ((event.target as HTMLElement).matches("input")) return;
    event.preventDefault();
    moveFocus(menu, event.key === "ArrowDown" ? 1 : -1);
  });
  document.addEventListener("click", (event) => {
    const button = (event.target as Element | null)?.closest<HTMLElement>("[data-open-dialog]");
    if (!button) return;
    const id = button.dataset.openDialog ?? "";
    if (button.dataset.fill) fill(id, button.dataset.fill);
    openDialog(id);
  });
}

/** Sets fields of a dialog by name: one dialog serves all rows of a table. */
function fill(id: string, values: string): void {
  for (const [name, value] of Object.entries(JSON.parse(values) as Record<string, string>)) {
    const field = document.querySelector<HTMLInputElement>(`#${CSS.escape(id)} [name="${CSS.escape(name)}"]`);
    if (field) field.value = value;
  }
}

export function openDialog(id: string): void {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement) || dialog.open) return;
  document.querySelector<HTMLElement>("[data-menu]:popover-open")?.hidePopover();
  showDialog(dialog);
}

const FIELDS = "form:not([method=dialog]) :is(input:not([type=hidden]), select, textarea):not(:disabled)";

/** Opens a dialog with the cursor in its first field; the browser would take its close button. */
export function showDialog(dialog: HTMLDialogElement): void {
  dialog.showModal();
  for (const field of dialog.querySelectorAll<HTMLElement>(FIELDS)) {
    field.focus();
    // What isn't shown, in folded details for example, doesn't take the focus.
    if (document.activeElement === field) return;
  }
}
