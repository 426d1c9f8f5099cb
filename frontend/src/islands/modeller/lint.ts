/** bpmnlint's rules in the browser: answers while drawing, before the server is asked. */
import { CloudElementTemplatesLinterPlugin } from "bpmn-js-element-templates";
import Linter from "bpmnlint/lib/linter.js";
import StaticResolver from "bpmnlint/lib/resolver/static-resolver.js";
import fakeJoin from "bpmnlint/rules/fake-join.js";
import labelRequired from "bpmnlint/rules/label-required.js";
import noDisconnected from "bpmnlint/rules/no-disconnected.js";
import noDuplicateFlows from "bpmnlint/rules/no-duplicate-sequence-flows.js";
import noJoinFork from "bpmnlint/rules/no-gateway-join-fork.js";
import noOverlap from "bpmnlint/rules/no-overlapping-elements.js";
import superfluousGateway from "bpmnlint/rules/superfluous-gateway.js";

import type { Finding } from "./findings.ts";

// What can't run is the server's to say; these are about diagrams that mislead their readers.
const RULES: Readonly<Record<string, unknown>> = {
  "fake-join": fakeJoin,
  "label-required": labelRequired,
  "no-disconnected": noDisconnected,
  "no-duplicate-sequence-flows": noDuplicateFlows,
  "no-gateway-join-fork": noJoinFork,
  "no-overlapping-elements": noOverlap,
  "superfluous-gateway": superfluousGateway,
};

const ADVICE: Readonly<Record<string, string>> = {
  "fake-join": "Join the flows in a gateway first: here each of them starts this step once more.",
  "label-required": "Give it a name, so that people know it in their inbox and on the record.",
  "no-disconnected": "Draw a flow to it or remove it.",
  "no-duplicate-sequence-flows": "Remove one of the two flows.",
  "no-gateway-join-fork": "Join in one gateway and split in a second one.",
  "no-overlapping-elements": "Move one of them, so that both can be seen.",
  "superfluous-gateway": "Remove it: it neither joins nor splits.",
};

const DRAWING = {
  config: { rules: Object.fromEntries(Object.keys(RULES).map((name) => [name, "warn"])) },
  resolver: new StaticResolver(
    Object.fromEntries(Object.entries(RULES).map(([name, rule]) => [`rule:bpmnlint/${name}`, rule])),
  ),
};

function sentence(text: string): string {
  const capital = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}

/** Findings of bpmnlint and of the element templates' own conditions. */
export async function lint(definitions: unknown, templates: readonly object[]): Promise<Finding[]> {
  // A linter keeps its rules, and some rules remember what they saw: each check takes a new one.
  const drawn = await new Linter(DRAWING).lint(definitions);
  const filled = await new Linter(CloudElementTemplatesLinterPlugin(templates)).lint(definitions);
  return Object.entries({ ...drawn, ...filled }).flatMap(([rule, reports]) =>
    reports.map((report) => ({
      level: report.category === "error" ? ("error" as const) : ("warning" as const),
      element: report.id ?? null,
      line: null,
      message: sentence(report.message),
      advice: ADVICE[rule] ?? "",
    })),
  );
}
