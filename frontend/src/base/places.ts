/** The groups of the side bar: which are open is kept in a cookie, which the server reads. */

const COOKIE = "places";
const YEAR = "31536000"; // in seconds

function chosen(): Map<string, string> {
  const text = new RegExp(`(?:^|; )${COOKIE}=([a-z0-9.-]*)`).exec(document.cookie)?.[1] ?? "";
  return new Map(
    text
      .split(".")
      .filter((one) => one !== "")
      .map((one) => [one.slice(0, -2), one.slice(-1)]),
  );
}

export function startPlaces(): void {
  for (const group of document.querySelectorAll<HTMLDetailsElement>("[data-places]")) {
    // Not the toggle event: it tells of groups, too, that are open since the page came.
    group.querySelector("summary")?.addEventListener("click", () => {
      const all = chosen().set(group.dataset.places ?? "", group.open ? "0" : "1");
      const text = [...all].map(([name, state]) => `${name}-${state}`).join(".");
      document.cookie = `${COOKIE}=${text}; Path=/; Max-Age=${YEAR}; SameSite=Lax`;
    });
  }
}
