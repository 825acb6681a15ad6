import { ADDON_SERVICE_ACCOUNTS } from '../../src/inventory/addons.ts';
import { createAddonRoles } from '../../src/migration/addon/create-addon-role.ts';
import { type AddonPermissions, addonPermissions, chooseVersion } from '../../src/plan/addon-permissions.ts';
import { toYaml } from '../../src/report/render.ts';
import { type RunCommand, textFlag } from '../context.ts';
import { openClusterSession, openTwinSession } from '../sessions.ts';

/** `podshift addon permissions NAME`: what an add-on needs of IAM; with `--create-role --approve` it makes the roles. */
export const addon: RunCommand = async (context, invocation) => {
  const [addonName = ''] = invocation.arguments;
  const folder = textFlag(invocation, 'snapshot');
  const session =
    folder === undefined
      ? await openClusterSession(invocation, context, { journal: 'memory' })
      : await openTwinSession(folder, context, false);
  try {
    const aws = session.runtime.aws(session.target);
    const cluster = await aws.eks.describeCluster();
    const version = chooseVersion(
      addonName,
      await aws.eks.addonVersions(addonName, cluster.version),
      textFlag(invocation, 'addonVersion'),
      cluster.version,
    );
    const configuration = await aws.eks.describeAddonConfiguration(addonName, version.version);
    const namespace = version.defaultNamespace ?? ADDON_SERVICE_ACCOUNTS[addonName]?.[0]?.split('/')[0] ?? 'kube-system';
    const facts = { arn: cluster.arn, accountId: cluster.arn.split(':')[4] ?? '' };
    const permissions = addonPermissions(facts, addonName, version, configuration, namespace);
    const { output } = invocation.flags;
    const { terminal } = context;
    if (output === 'json') await terminal.data(`${JSON.stringify(permissions, null, 2)}\n`);
    else if (output === 'yaml') await terminal.data(toYaml(permissions));
    else await terminal.data(render(permissions));
    if (invocation.flags.createRole !== true) return 'done';
    if (invocation.flags.approve !== true) {
      for (const role of permissions.roles)
        terminal.talk(`would create the role ${role.roleName}; nothing was changed; run again with --approve`);
      return 'done';
    }
    for (const arn of await createAddonRoles(aws.iam, permissions)) terminal.talk(`created ${arn}`);
    return permissions.roles.length === 0 && permissions.requiresIamPermissions ? 'refused' : 'done';
  } finally {
    await session.close();
  }
};

function render(permissions: AddonPermissions): string {
  const title = `add-on ${permissions.addonName} ${permissions.addonVersion}${permissions.isDefaultVersion ? ' (default)' : ''}`;
  if (permissions.roles.length === 0) return `${title}: ${why(permissions)}\n`;
  const roles = permissions.roles.map((role) =>
    [
      `service account  ${role.namespace}/${role.serviceAccount}`,
      `role             ${role.roleName}`,
      ...role.managedPolicies.map((policy) => `policy           ${policy}`),
      'trust policy',
      JSON.stringify(JSON.parse(role.trustPolicy), null, 2),
    ].join('\n'),
  );
  return `${[title, ...roles].join('\n\n')}\n`;
}

function why({ requiresIamPermissions }: AddonPermissions): string {
  return requiresIamPermissions ? 'this version does not support Pod Identity' : 'it needs no permissions of IAM';
}
