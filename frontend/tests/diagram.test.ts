import { describe, expect, it } from "vitest";

import { fileName } from "../src/islands/modeller/files.ts";
import { countWords, readFindings, tidy } from "../src/islands/modeller/findings.ts";
import { legend, summary, textAlternative } from "../src/islands/viewer/words.ts";

const finding = (level: "error" | "warning", message: string, element: string | null = null) => ({
  level,
  element,
  line: null,
  message,
  advice: "",
});

describe("findings", () => {
  it("reads the server's list and passes over what is no finding", () => {
    expect(readFindings([{ element: "A", line: 3, message: "m", advice: "a" }, "x", null], "error")).toEqual([
      { level: "error", element: "A", line: 3, message: "m", advice: "a" },
    ]);
    expect(readFindings("nonsense", "error")).toEqual([]);
  });

  it("puts errors first and says the same thing once", () => {
    const found = [finding("warning", "w"), finding("error", "e", "A"), finding("warning", "e", "A")];
    expect(tidy(found).map((each) => each.message)).toEqual(["e", "w"]);
  });

  it.each([
    [[], "No problems"],
    [[finding("error", "a")], "1 error"],
    [[finding("error", "a"), finding("warning", "b"), finding("warning", "c")], "1 error, 2 warnings"],
  ])("counts in words", (found, words) => {
    expect(countWords(found)).toBe(words);
  });
});

describe("viewer words", () => {
  const props = {
    xml: "",
    tokens: [
      { element_id: "A", count: 2, state: "waiting" as const },
      { element_id: "B", count: 1, state: "failed" as const },
    ],
    completed: ["S"],
    failed: [{ element_id: "B", message: "Refused." }],
  };
  const name = (id: string): string => `Step ${id}`;

  it("says where the instance stands", () => {
    expect(summary(props, name)).toBe("Process diagram; now at Step A (waiting), Step B (failed)");
    expect(summary({ xml: "", completed: ["S"] }, name)).toBe("Process diagram; it has ended");
  });

  it("explains only the colours that are used", () => {
    expect([...legend(props).children].map((each) => each.textContent)).toEqual(["Done", "Waiting", "Failed"]);
  });

  it("tells the same as the picture, each failure once, and hands on what was chosen", () => {
    const chosen: string[] = [];
    const list = textAlternative(props, name, (id) => chosen.push(id));
    expect([...list.querySelectorAll("li")].map((each) => each.textContent)).toEqual([
      "Step B – failed: Refused.",
      "Step A – waiting (2 times)",
      "Step S – done",
    ]);
    list.querySelector("button")?.click();
    expect(chosen).toEqual(["B"]);
  });
});

describe("fileName", () => {
  it("takes the process's id, made safe", () => {
    expect(fileName('<bpmn:process name="x" id="deal/../1">', "bpmn")).toBe("deal-..-1.bpmn");
    expect(fileName("<x/>", "svg")).toBe("diagram.svg");
  });
});
