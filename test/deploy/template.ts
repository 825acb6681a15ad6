import { isDeepStrictEqual } from 'node:util';

/**
 * What moto's CloudFormation does otherwise than CloudFormation (moto 5.2), each with the change of the template that makes up for
 * it. What no change makes up for is told, so that the suite can say what it does not show.
 */

/** A template, as far as it is changed here. */
export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Outputs?: Readonly<Record<string, unknown>>;
}

/** A resource of a template. */
export interface Resource {
  readonly Type: string;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: string | readonly string[];
  readonly Properties?: Readonly<Record<string, unknown>>;
}

/** What of a template moto does not make. */
export interface NotShown {
  /** Logical IDs by type: resources that are not made at all. */
  readonly resources: ReadonlyMap<string, readonly string[]>;
  /** `LogicalId.Property` of resources whose property refers to one that is not made. */
  readonly properties: readonly string[];
}

/** What is known of an account of moto's. */
export interface Known {
  /** The types that its CloudFormation makes. */
  readonly types: ReadonlySet<string>;
  /** The number that a function's version gets or has, by their logical IDs. */
  readonly versionNumber: (functionId: string, versionId: string) => number;
}

/** A template that moto can carry out, of one that CloudFormation can. */
export function forMoto(template: Template, known: Known): { readonly template: Template; readonly notShown: NotShown } {
  const named = withAliasesByName(withVersionsByNumber(template, known.versionNumber));
  const { template: made, notShown } = withoutUnknownTypes(named, known.types);
  return { template: withRetainedResources(withBusByName(withJoins(made))), notShown };
}

/**
 * What an update of a template comes to in moto, which adds resources ahead of changing others, and so would publish a function as it was
 * before: first everything but what is published, then all of it.
 */
export function inOrder(before: Template, after: Template): readonly Template[] {
  const late = (type: string): boolean => type === 'AWS::Lambda::Version' || type === 'AWS::StepFunctions::StateMachine';
  const kept = Object.entries(before.Resources).filter(([, { Type }]) => late(Type));
  const early = Object.entries(after.Resources).filter(([, { Type }]) => !late(Type));
  return kept.length === 0 ? [after] : [{ ...after, Resources: Object.fromEntries([...early, ...kept]) }, after];
}

/** `Ref` of a function's version is its ARN (CloudFormation reference, "AWS::Lambda::Version"), and its logical ID in moto. */
function withVersionsByNumber(template: Template, versionNumber: Known['versionNumber']): Template {
  return changed(template, (inner) => {
    const { Ref } = inner as { Ref?: string };
    const { Type, Properties } = template.Resources[Ref ?? ''] ?? {};
    if (Ref === undefined || Type !== 'AWS::Lambda::Version') return undefined;
    const functionId = (Properties?.FunctionName as { Ref?: string } | undefined)?.Ref ?? '';
    return { 'Fn::Join': [':', [{ 'Fn::GetAtt': [functionId, 'Arn'] }, String(versionNumber(functionId, Ref))]] };
  });
}

/** moto's CloudFormation makes no alias of a state machine; what refers to one gets the ARN that it would have. */
function withAliasesByName(template: Template): Template {
  return changed(template, (inner) => {
    const { Ref } = inner as { Ref?: string };
    const { Type, Properties } = template.Resources[Ref ?? ''] ?? {};
    if (Type !== 'AWS::StepFunctions::StateMachineAlias') return undefined;
    return { 'Fn::Join': [':', [{ Ref: Ref?.replace(/Alias$/, '') }, Properties?.Name]] };
  });
}

/** moto passes over a type that it does not know, and then fails at whatever refers to such a resource: a text takes the reference's place. */
function withoutUnknownTypes(template: Template, known: ReadonlySet<string>): { readonly template: Template; readonly notShown: NotShown } {
  const entries = Object.entries(template.Resources);
  const gone = new Set(entries.flatMap(([id, { Type }]) => (known.has(Type) ? [] : [id])));
  const resources = new Map<string, readonly string[]>();
  for (const [id, { Type }] of entries) if (gone.has(id)) resources.set(Type, [...(resources.get(Type) ?? []), id]);
  const kept = entries.filter(([id]) => !gone.has(id));
  const properties = kept.flatMap(([id, { Properties = {} }]) =>
    Object.entries(Properties).flatMap(([name, value]) => (isDeepStrictEqual(value, withTexts(value, gone)) ? [] : [`${id}.${name}`])),
  );
  const made = kept.map(([id, { DependsOn, ...resource }]) => {
    const needed = [DependsOn ?? []].flat().filter((dependency) => !gone.has(dependency));
    return [id, { ...withTexts(resource, gone), ...(needed.length === 0 ? {} : { DependsOn: needed }) }];
  });
  return {
    template: {
      ...template,
      Resources: Object.fromEntries(made) as Template['Resources'],
      Outputs: withTexts(template.Outputs ?? {}, gone),
    },
    notShown: { resources, properties: properties.sort() },
  };
}

/** A value in which a text stands for each reference to a resource that is gone. */
function withTexts<T>(value: T, gone: ReadonlySet<string>): T {
  const textFor = (id: string): string | undefined => (gone.has(id) ? `not-made-${id}` : undefined);
  return changed(value, (inner) => {
    const { Ref, 'Fn::GetAtt': attribute, 'Fn::Sub': sub } = inner as Readonly<Record<string, unknown>>;
    if (typeof Ref === 'string') return textFor(Ref);
    if (attribute !== undefined) return textFor(String([attribute].flat()[0]).split('.')[0] ?? '');
    if (typeof sub !== 'string') return undefined;
    const text = sub.replace(/\$\{(\w+)(?:\.\w+)?\}/g, (reference, id: string) => textFor(id) ?? reference);
    return text === sub ? undefined : { 'Fn::Sub': text };
  });
}

/**
 * moto makes an `Fn::Sub` with values by Python's `string.Template`, which knows no name that begins with a digit, as the packaging's
 * hashes may, and takes `$$` for one dollar, with which the definitions ask for their context. An `Fn::Join` says the same.
 */
function withJoins<T>(value: T): T {
  return changed(value, (inner) => {
    const sub = (inner as { 'Fn::Sub'?: unknown })['Fn::Sub'];
    if (!Array.isArray(sub)) return undefined;
    const [text, values] = sub as [string, Readonly<Record<string, unknown>>];
    const parts = text.split(/\$\{([\w.:]+)\}/).map((part, index) => (index % 2 === 0 ? part : (values[part] ?? reference(part))));
    return { 'Fn::Join': ['', parts] };
  });
}

/** What a name in an `Fn::Sub` refers to: a resource or a pseudo parameter, or an attribute of a resource. */
function reference(name: string): unknown {
  const [id = '', ...attribute] = name.split('.');
  return attribute.length === 0 ? { Ref: id } : { 'Fn::GetAtt': [id, attribute.join('.')] };
}

/** `Ref` of an event bus is its name (CloudFormation reference, "AWS::Events::EventBus"), and its ARN in moto. */
function withBusByName(template: Template): Template {
  const names = new Map(
    Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) =>
      Type === 'AWS::Events::EventBus' ? [[id, Properties?.Name] as const] : [],
    ),
  );
  return changed(template, (inner) => {
    const { Ref } = inner as { Ref?: unknown };
    return typeof Ref === 'string' ? names.get(Ref) : undefined;
  });
}

/** moto knows of `Retain` alone that a resource stays when its stack goes, and not of `RetainExceptOnCreate`. */
function withRetainedResources(template: Template): Template {
  const resources = Object.entries(template.Resources).map(([id, resource]) => [
    id,
    resource.DeletionPolicy === 'RetainExceptOnCreate' ? { ...resource, DeletionPolicy: 'Retain' } : resource,
  ]);
  return { ...template, Resources: Object.fromEntries(resources) as Template['Resources'] };
}

/** A value with everything replaced that `change` answers for; it is asked for objects, the outer ones first. */
function changed<T>(value: T, change: (inner: object) => unknown): T {
  if (Array.isArray(value)) return value.map((item: unknown) => changed(item, change)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const answer = change(value);
  if (answer !== undefined) return answer as T;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, changed(item as unknown, change)])) as T;
}
