import type { WantedAssociation } from './addon-associations.ts';
import type { AddonChange, UpdateState } from './addon-updates.ts';
import type { NewAddon } from './addons.ts';
import { AwsError } from './errors.ts';
import { needed, toSeconds } from './rest.ts';

type Body = Readonly<Record<string, unknown>>;

/** An add-on as DescribeAddon answers it. */
export function addonAnswer(addon: object): Record<string, unknown> {
  return toSeconds(addon);
}

/** An update as DescribeUpdate answers it. */
export function updateAnswer({ id, status, params, createdAt, errors }: UpdateState): Record<string, unknown> {
  return { id, status, type: 'AddonUpdate', params, createdAt: createdAt / 1000, errors };
}

/** What CreateAddon was asked for. */
export function newAddon(body: Body): NewAddon {
  checkConflicts(body);
  return {
    addonName: needed(body.addonName, 'addonName'),
    addonVersion: text(body, 'addonVersion'),
    serviceAccountRoleArn: text(body, 'serviceAccountRoleArn'),
    configurationValues: text(body, 'configurationValues'),
    clientRequestToken: text(body, 'clientRequestToken'),
    tags: body.tags as Record<string, string> | undefined,
  };
}

/** What UpdateAddon was asked for. */
export function addonChange(body: Body): AddonChange {
  checkConflicts(body);
  return {
    addonVersion: text(body, 'addonVersion'),
    serviceAccountRoleArn: text(body, 'serviceAccountRoleArn'),
    configurationValues: text(body, 'configurationValues'),
    clientRequestToken: text(body, 'clientRequestToken'),
    podIdentityAssociations: wantedAssociations(body),
  };
}

/** The list of associations in a request; undefined where there is none. */
export function wantedAssociations({ podIdentityAssociations: list }: Body): WantedAssociation[] | undefined {
  if (!Array.isArray(list)) return undefined;
  return list.map((one: Body) => ({
    serviceAccount: needed(one.serviceAccount, 'podIdentityAssociations.serviceAccount'),
    roleArn: needed(one.roleArn, 'podIdentityAssociations.roleArn'),
  }));
}

function text(body: Body, name: string): string | undefined {
  return typeof body[name] === 'string' ? (body[name] as string) : undefined;
}

function checkConflicts(body: Body): void {
  const conflicts = text(body, 'resolveConflicts');
  if (conflicts !== undefined && !['NONE', 'OVERWRITE', 'PRESERVE'].includes(conflicts))
    throw new AwsError('InvalidParameterException', 400, `resolveConflicts ${conflicts} is not one of NONE, OVERWRITE, PRESERVE`);
}
