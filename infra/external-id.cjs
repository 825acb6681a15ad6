/**
 * Serverless plugin: the external id of the parameter externalId, for the functions that assume roles of member accounts and no others.
 * A reference such as {{resolve:secretsmanager:podshift/external-id}} stays one in the template.
 */
class ExternalId {
  constructor(serverless) {
    this.hooks = {
      'before:package:setupProviderConfiguration': () => {
        const { service } = serverless;
        const externalId = String(service.custom.externalId ?? '');
        if (externalId === '') return;
        if (!/^(\{\{resolve:(secretsmanager|ssm):.+\}\}|[\w+=,.@:/-]{2,1224})$/.test(externalId))
          throw new Error('externalId is 2 to 1224 letters, digits and +=,.@:/-_, or a {{resolve:secretsmanager:…}} or {{resolve:ssm:…}}');
        for (const [key, actions] of Object.entries(service.custom.functionRoles.actions)) {
          const definition = service.functions[key];
          if (definition === undefined || !actions.includes('sts:AssumeRole')) continue;
          definition.environment = { ...definition.environment, MEMBER_EXTERNAL_ID: externalId };
        }
      },
    };
  }
}

module.exports = ExternalId;
