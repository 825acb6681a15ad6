import { namesFor, TERRAFORM_NAMES } from './names.ts';
import { bullets, type ExportFile, headOf, type Part, type Renderer, roleFiles, trustFiles } from './part.ts';
import type { ExportedRole, ExportedUnit } from './source.ts';
import { type ExportedStatement, texts } from './statements.ts';
import { annotationSteps } from './steps.ts';

/**
 * Terraform and OpenTofu: `aws_eks_pod_identity_association` with `import` blocks (Terraform 1.5), the statements as blocks of
 * `aws_iam_policy_document`, and what goes into `aws_eks_addon` (provider hashicorp/aws, from 5.81 on).
 */
export const terraform: Renderer = (part) => {
  const names = namesFor(
    part.associations.map(({ id }) => id),
    TERRAFORM_NAMES,
  );
  const files = roleFiles(part);
  return {
    files: [
      ...associationFiles(part, names),
      ...trustFiles(part, files),
      ...part.roles.map((role) => ({
        path: `trust/${files.get(role.roleArn)}.statements.hcl`,
        content: `${headOf(part, '#')}${role.statements.map(statementBlock).join('\n')}`,
      })),
      ...(part.addons.length === 0 ? [] : [{ path: 'addons.hcl', content: addonBlocks(part) }]),
    ],
    steps: [...trustSteps(part.roles, files), ...associationSteps(part), ...addonSteps(part), ...annotationSteps(part)],
  };
};

function associationFiles(part: Part, names: ReadonlyMap<string, string>): ExportFile[] {
  if (part.associations.length === 0) return [];
  const imports = part.associations.filter(({ association }) => association?.id != null);
  return [
    {
      path: 'associations.tf',
      content: `${headOf(part, '#')}\n${part.associations.map((unit) => resource(part, unit, names.get(unit.id) ?? '')).join('\n')}`,
    },
    ...(imports.length === 0
      ? []
      : [
          {
            path: 'imports.tf',
            content: `${headOf(part, '#')}\n${imports.map((unit) => importBlock(part, unit, names.get(unit.id) ?? '')).join('\n')}`,
          },
        ]),
  ];
}

function resource({ cluster }: Part, { namespace, serviceAccount, roleArn, association }: ExportedUnit, name: string): string {
  const tags = Object.entries(association?.tags ?? {});
  return [
    `resource "aws_eks_pod_identity_association" ${quoted(name)} {`,
    `  cluster_name    = ${quoted(cluster.name)}`,
    `  namespace       = ${quoted(namespace)}`,
    `  service_account = ${quoted(serviceAccount)}`,
    `  role_arn        = ${quoted(roleArn)}`,
    ...(tags.length === 0
      ? []
      : [
          '',
          '  tags = {',
          ...aligned(
            tags.map(([key, value]) => [quoted(key), quoted(value)]),
            4,
          ),
          '  }',
        ]),
    '}',
    '',
  ].join('\n');
}

function importBlock({ cluster }: Part, { association }: ExportedUnit, name: string): string {
  return [
    'import {',
    `  to = aws_eks_pod_identity_association.${name}`,
    `  id = ${quoted(`${cluster.name},${association?.id}`)}`,
    '}',
    '',
  ].join('\n');
}

/** A statement as a block of the data source `aws_iam_policy_document`. */
function statementBlock({ Sid, Effect, Principal, Action, Condition = {} }: ExportedStatement): string {
  const principals = Object.entries(Principal).flatMap(([type, ids]) => [
    '',
    '  principals {',
    ...aligned(
      [
        ['type', quoted(type)],
        ['identifiers', list(texts(ids))],
      ],
      4,
    ),
    '  }',
  ]);
  const conditions = Object.entries(Condition).flatMap(([test, keys]) =>
    Object.entries(keys).flatMap(([variable, values]) => [
      '',
      '  condition {',
      ...aligned(
        [
          ['test', quoted(test)],
          ['variable', quoted(variable)],
          ['values', list(texts(values))],
        ],
        4,
      ),
      '  }',
    ]),
  );
  const own = aligned(
    [
      ['sid', quoted(Sid)],
      ['effect', quoted(Effect)],
      ['actions', list(texts(Action))],
    ],
    2,
  );
  return ['statement {', ...own, ...principals, ...conditions, '}', ''].join('\n');
}

function addonBlocks(part: Part): string {
  const blocks = part.addons.map(({ name, associations }) =>
    [
      `# In the resource "aws_eks_addon" of ${name}: take service_account_role_arn out, and put this in its place.`,
      ...associations.flatMap(({ serviceAccount, roleArn }) => [
        'pod_identity_association {',
        ...aligned(
          [
            ['role_arn', quoted(roleArn)],
            ['service_account', quoted(serviceAccount)],
          ],
          2,
        ),
        '}',
      ]),
      '',
    ].join('\n'),
  );
  return `${headOf(part, '#')}\n${blocks.join('\n')}`;
}

function trustSteps(roles: readonly ExportedRole[], files: ReadonlyMap<string, string>): string[] {
  if (roles.length === 0) return [];
  return [
    `Add podshift's statements to \`assume_role_policy\` of each role: as blocks (\`trust/NAME.statements.hcl\`, in the data source \`aws_iam_policy_document\`), as JSON (\`trust/NAME.statements.json\`), or the whole document as it is now, \`assume_role_policy = file("trust/NAME.json")\`:\n\n${bullets(roles.map(({ roleArn }) => `${roleArn}: \`trust/${files.get(roleArn)}\``))}`,
  ];
}

function associationSteps({ of, associations }: Part): string[] {
  if (associations.length === 0) return [];
  const merge =
    of === 'run'
      ? 'Copy `associations.tf` and `imports.tf` into the configuration that has the cluster, and put references in place of names and ARNs where it has them. `terraform plan` must say: so many to import, 0 to add, 0 to change, 0 to destroy. After `terraform apply`, delete `imports.tf`.'
      : 'Merge `associations.tf` only after the run: an association that exists before switches pods without any proof. Export the run then (`podshift export RUN`): it has the `import` blocks too.';
  return [merge];
}

function addonSteps({ addons }: Part): string[] {
  return addons.length === 0 ? [] : ['Change each `aws_eks_addon` as `addons.hcl` says. `terraform plan` must say that nothing changes.'];
}

/** Lines `NAME = VALUE` with their signs in one column, as `terraform fmt` writes them. */
function aligned(pairs: readonly (readonly [string, string])[], indent: number): string[] {
  const width = Math.max(...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${' '.repeat(indent)}${name.padEnd(width)} = ${value}`);
}

function list(values: readonly string[]): string {
  return `[${values.map(quoted).join(', ')}]`;
}

/** A string of HCL, in which `${` and `%{` begin templates (HCL native syntax, "Template Literals"). */
function quoted(text: string): string {
  return JSON.stringify(text).replaceAll(/([$%])\{/g, '$1$1{');
}
