import { beforeEach, describe, expect, it } from "vitest";

import type { Answer } from "../src/base/http.ts";
import { DraftKeeper, SAVE_AFTER_MS, type SaveState } from "../src/islands/modeller/drafts.ts";

/** A server, a clock and a storage that the tests hold in their hands. */
class World {
  xml = "<a/>";
  readonly sent: { xml: string; version: number }[] = [];
  readonly shown: SaveState["kind"][] = [];
  readonly stored = new Map<string, string>();
  readonly #timers: { at: number; act: () => void }[] = [];
  answer: (version: number) => Answer = (version) => ({ kind: "ok", body: { version: version + 1 } });
  during = (): void => undefined;
  #now = 0;

  keeper(version = 1): DraftKeeper {
    return new DraftKeeper("/draft", version, {
      xml: () => Promise.resolve(this.xml),
      send: async (body) => {
        this.sent.push(body);
        await Promise.resolve();
        this.during();
        return this.answer(body.version);
      },
      store: {
        getItem: (key) => this.stored.get(key) ?? null,
        setItem: (key, value) => void this.stored.set(key, value),
        removeItem: (key) => void this.stored.delete(key),
      },
      show: (state) => this.shown.push(state.kind),
      after: (milliseconds, act) => {
        const timer = { at: this.#now + milliseconds, act };
        this.#timers.push(timer);
        return () => {
          const at = this.#timers.indexOf(timer);
          if (at >= 0) this.#timers.splice(at, 1);
        };
      },
      now: () => this.#now,
    });
  }

  async pass(milliseconds: number): Promise<void> {
    const until = this.#now + milliseconds;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#now = next.at;
      next.act();
      await this.settle();
    }
    this.#now = until;
  }

  async settle(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
}

const failing = (status: number): Answer => ({
  kind: "problem",
  status,
  problem: { detail: "No.", errors: {} },
  body: {},
});

let world: World;
beforeEach(() => {
  world = new World();
});

describe("DraftKeeper", () => {
  it("sends once, after the pause, when several changes follow each other", async () => {
    const keeper = world.keeper();
    keeper.changed();
    await world.pass(1000);
    keeper.changed();
    await world.pass(SAVE_AFTER_MS - 1);
    expect(world.sent).toHaveLength(0);
    await world.pass(1);
    expect(world.sent).toEqual([{ xml: "<a/>", version: 1 }]);
    expect(keeper.version).toBe(2);
    expect(keeper.unsaved).toBe(false);
  });

  it("keeps the diagram in the browser until the server has it", async () => {
    const keeper = world.keeper();
    keeper.changed();
    await world.pass(500);
    expect(keeper.backup()).toMatchObject({ xml: "<a/>", version: 1 });
    await world.pass(SAVE_AFTER_MS);
    expect(keeper.backup()).toBeNull();
  });

  it("sends the rest when something was drawn while it was sent", async () => {
    const keeper = world.keeper();
    keeper.changed();
    world.during = () => {
      world.during = () => undefined;
      world.xml = "<b/>";
      keeper.changed();
    };
    await world.pass(SAVE_AFTER_MS);
    expect(keeper.unsaved).toBe(true);
    await world.pass(SAVE_AFTER_MS);
    expect(world.sent).toEqual([
      { xml: "<a/>", version: 1 },
      { xml: "<b/>", version: 2 },
    ]);
    expect(keeper.unsaved).toBe(false);
  });

  it("tries again by itself when the server can't be reached", async () => {
    const keeper = world.keeper();
    world.answer = () => ({ kind: "unreachable" });
    keeper.changed();
    await world.pass(SAVE_AFTER_MS);
    expect(keeper.state.kind).toBe("failed");
    expect(keeper.backup()).not.toBeNull();
    world.answer = () => ({ kind: "ok", body: { version: 9 } });
    await world.pass(5000);
    expect(keeper.state.kind).toBe("saved");
    expect(keeper.version).toBe(9);
  });

  it("waits for a person when trying again can't help", async () => {
    const keeper = world.keeper();
    world.answer = () => failing(403);
    keeper.changed();
    await world.pass(10 * 60_000);
    expect(world.sent).toHaveLength(1);
    world.answer = (version) => ({ kind: "ok", body: { version: version + 1 } });
    await keeper.save();
    expect(keeper.state.kind).toBe("saved");
  });

  it("sends nothing more and keeps the diagram when somebody else saved", async () => {
    const keeper = world.keeper();
    world.answer = () => failing(409);
    keeper.changed();
    await world.pass(SAVE_AFTER_MS);
    expect(keeper.state.kind).toBe("conflict");
    world.xml = "<c/>";
    keeper.changed();
    await world.pass(60_000);
    expect(world.sent).toHaveLength(1);
    expect(keeper.backup()?.xml).toBe("<c/>");
    expect(await keeper.flush()).toBe(false);
  });

  it("has everything on the server when it was flushed, also after a running save", async () => {
    const keeper = world.keeper();
    keeper.changed();
    const running = keeper.save();
    world.xml = "<b/>";
    keeper.changed();
    expect(await keeper.flush()).toBe(true);
    await running;
    expect(world.sent.at(-1)?.xml).toBe("<b/>");
    expect(world.sent.map((each) => each.version)).toEqual([...world.sent.keys()].map((index) => index + 1));
  });

  it("takes no backup that it can't read", () => {
    world.stored.set("lanewise:draft:/draft", "{not json");
    expect(world.keeper().backup()).toBeNull();
  });
});
