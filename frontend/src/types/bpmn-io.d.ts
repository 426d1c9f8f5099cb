/** Modules of bpmn.io that come without types; only what is used here. */
declare module "bpmn-js-properties-panel" {
  import type { ModuleDeclaration } from "didi";
  export const BpmnPropertiesPanelModule: ModuleDeclaration;
  export const BpmnPropertiesProviderModule: ModuleDeclaration;
  export const ZeebePropertiesProviderModule: ModuleDeclaration;
  export const ZeebeTooltipProvider: unknown;
}
declare module "bpmn-js-element-templates" {
  import type { ModuleDeclaration } from "didi";
  export const CloudElementTemplatesPropertiesProviderModule: ModuleDeclaration;
  export function CloudElementTemplatesLinterPlugin(templates: readonly object[]): {
    readonly config: { readonly rules: Readonly<Record<string, string>> };
    readonly resolver: unknown;
  };
}
declare module "bpmn-js-create-append-anything" {
  import type { ModuleDeclaration } from "didi";
  export const CreateAppendAnythingModule: ModuleDeclaration;
  export const CreateAppendElementTemplatesModule: ModuleDeclaration;
}
declare module "camunda-bpmn-js-behaviors/lib/camunda-cloud" {
  import type { ModuleDeclaration } from "didi";
  const behaviours: ModuleDeclaration;
  export default behaviours;
}
declare module "bpmn-auto-layout" {
  export function layoutProcess(xml: string): Promise<string>;
}
declare module "diagram-js-minimap" {
  import type { ModuleDeclaration } from "didi";
  const minimap: ModuleDeclaration;
  export default minimap;
}
declare module "zeebe-bpmn-moddle/resources/zeebe.json" {
  const descriptor: object;
  export default descriptor;
}
declare module "bpmnlint/lib/linter.js" {
  export interface Report {
    readonly id?: string;
    readonly message: string;
    readonly category: string;
  }
  export default class Linter {
    constructor(options: {
      readonly config: { readonly rules: Readonly<Record<string, string>> };
      readonly resolver: unknown;
    });
    lint(root: unknown): Promise<Readonly<Record<string, readonly Report[]>>>;
  }
}
declare module "bpmnlint/lib/resolver/static-resolver.js" {
  export default class StaticResolver {
    constructor(cache: Readonly<Record<string, unknown>>);
  }
}
declare module "bpmnlint/rules/*" {
  const rule: unknown;
  export default rule;
}
declare module "@bpmn-io/element-template-chooser" {
  import type { ModuleDeclaration } from "didi";
  const chooser: ModuleDeclaration;
  export default chooser;
}
