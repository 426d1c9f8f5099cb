import { beforeEach, describe, expect, it } from "vitest";

import { Draft } from "../src/islands/form/draft.ts";
import { arrange } from "../src/islands/form/errors.ts";
import { overlay, submitLabelOf, withoutSubmit } from "../src/islands/form/schema.ts";

describe("arrange", () => {
  const instances = [
    { id: "f_name", valuePath: ["deal", "name"] },
    { id: "f_price", valuePath: ["lines", 0, "price"], indexes: { f_lines: 0 } },
    { id: "f_price", valuePath: ["lines", 1, "price"], indexes: { f_lines: 1 } },
  ];

  it("puts a message at its field when the path is dotted", () => {
    expect(arrange(instances, { "deal.name": ["Missing."] })).toEqual([{ f_name: ["Missing."] }, []]);
  });

  it("puts a message at the row it belongs to when the field is in a list", () => {
    const [state] = arrange(instances, { "lines.1.price": ["Too low."] });
    expect(state).toEqual({ f_price: { 1: ["Too low."] } });
  });

  it("hands back what belongs to no visible field", () => {
    expect(arrange(instances, { secret: ["Not yours."] })).toEqual([{}, ["Not yours."]]);
  });
});

describe("schema", () => {
  const schema = {
    components: [
      { type: "textfield", key: "name" },
      { type: "group", components: [{ type: "button", label: "Send", action: "submit" }, { type: "button", action: "reset" }] },
    ],
  };

  it("names the submit button as the schema does, also when it lies in a group", () => {
    expect(submitLabelOf(schema)).toBe("Send");
  });

  it("leaves submit buttons out and other buttons in", () => {
    expect(withoutSubmit(schema).components[1]?.components).toEqual([{ type: "button", action: "reset" }]);
  });

  it("lays typed values over those of the server when both hold objects", () => {
    expect(overlay({ deal: { id: 1, name: "a" }, tags: ["x", "y"] }, { deal: { name: "b" }, tags: ["z"] })).toEqual({
      deal: { id: 1, name: "b" },
      tags: ["z"],
    });
  });
});

describe("Draft", () => {
  beforeEach(() => {
    sessionStorage.clear();
  });

  it("returns what was kept for the same version", () => {
    new Draft("/task/1", 3).keep({ name: "a" });
    expect(new Draft("/task/1", 3).read()).toEqual({ name: "a" });
  });

  it("returns nothing when the form has another version", () => {
    new Draft("/task/1", 3).keep({ name: "a" });
    expect(new Draft("/task/1", 4).read()).toBeNull();
  });

  it("returns nothing when it was dropped", () => {
    const draft = new Draft("/task/1", 3);
    draft.keep({ name: "a" });
    draft.drop();
    expect(draft.read()).toBeNull();
  });
});
