import { AwsError } from './errors.ts';
import { type QueryAction, required } from './iam.ts';
import type { Principal, Principals } from './principals.ts';
import type { RoleState } from './records.ts';
import { roleContext, type SessionRequest, webIdentityContext } from './request-context.ts';
import type { AwsState } from './state.ts';
import { isAllowed } from './trust-evaluation.ts';

/** STS's actions, asked by `caller`; undefined for an unsigned request (STS API reference, 2011-06-15). */
export function stsActions(state: AwsState, principals: Principals, caller: Principal | undefined): Readonly<Record<string, QueryAction>> {
  return {
    GetCallerIdentity: {
      write: false,
      run: () => {
        const { arn, userId } = signed(caller);
        return { Arn: arn, UserId: userId, Account: arn.split(':')[4] };
      },
    },
    AssumeRole: {
      write: false,
      object: (parameters) => parameters.get('RoleArn') ?? '',
      run: (parameters) => {
        const { arn, canonicalArn } = signed(caller);
        const roleArn = required(parameters, 'RoleArn');
        const sessionName = required(parameters, 'RoleSessionName');
        const context = roleContext(state, state.clock.now(), canonicalArn, {
          sessionName,
          externalId: parameters.get('ExternalId') ?? undefined,
          durationSeconds: parameters.has('DurationSeconds') ? Number(parameters.get('DurationSeconds')) : undefined,
        });
        const role = state.roleByArn(roleArn);
        const request = { action: 'sts:AssumeRole', caller: { type: 'AWS', name: canonicalArn }, context } as const;
        if (role === undefined || !isAllowed(state.visibleTrust(role), request)) {
          throw new AwsError('AccessDenied', 403, `User: ${arn} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`);
        }
        return session(state, principals, role, sessionName, Number(parameters.get('DurationSeconds') ?? 3600));
      },
    },
    AssumeRoleWithWebIdentity: {
      write: false,
      object: (parameters) => parameters.get('RoleArn') ?? '',
      run: (parameters) => {
        const roleArn = required(parameters, 'RoleArn');
        const sessionName = required(parameters, 'RoleSessionName');
        const claims = readClaims(required(parameters, 'WebIdentityToken'));
        const durationSeconds = parameters.has('DurationSeconds') ? Number(parameters.get('DurationSeconds')) : undefined;
        const role = admitWebIdentity(state, roleArn, claims, { sessionName, durationSeconds });
        return {
          ...session(state, principals, role, sessionName, Number(parameters.get('DurationSeconds') ?? 3600)),
          SubjectFromWebIdentityToken: claims.subject,
          Audience: claims.audience,
          Provider: providerArn(state, claims.issuer),
        };
      },
    },
  };
}

/** The claims of a service account token that STS goes by. */
export interface WebIdentityClaims {
  /** With `https://`. */
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
}

/**
 * The role that STS gives for a web identity, by the trust as spread by now or at an instant. Throws STS's errors: no
 * registered provider (`InvalidIdentityToken`), no such role or a trust that says no (`AccessDenied`, the same words for both).
 */
export function admitWebIdentity(
  state: AwsState,
  roleArn: string,
  claims: WebIdentityClaims,
  session: SessionRequest,
  at: number = state.clock.now(),
): RoleState {
  const provider = providerArn(state, claims.issuer);
  if (!state.openIdConnectProviders.has(provider)) {
    throw new AwsError('InvalidIdentityToken', 400, `No OpenIDConnect provider found in your account for ${claims.issuer}`);
  }
  const context = webIdentityContext(state, at, { ...claims, provider }, session);
  const role = state.roleByArn(roleArn);
  const request = { action: 'sts:AssumeRoleWithWebIdentity', caller: { type: 'Federated', name: provider }, context } as const;
  if (role === undefined || !isAllowed(state.visibleTrust(role, at), request)) {
    throw new AwsError('AccessDenied', 403, 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
  }
  return role;
}

function providerArn(state: AwsState, issuer: string): string {
  return `arn:${state.partition}:iam::${state.accountId}:oidc-provider/${issuer.replace(/^https:\/\//, '')}`;
}

function signed(caller: Principal | undefined): Principal {
  if (caller === undefined) throw new AwsError('MissingAuthenticationToken', 403, 'Request is missing Authentication Token');
  return caller;
}

function session(state: AwsState, principals: Principals, role: RoleState, sessionName: string, seconds: number): Record<string, unknown> {
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    throw new AwsError(
      'ValidationError',
      400,
      `1 validation error detected: Value '${sessionName}' at 'roleSessionName' failed to satisfy constraint`,
    );
  }
  const issued = principals.issue(role.arn, role.description.RoleId, sessionName);
  return {
    Credentials: {
      AccessKeyId: issued.accessKeyId,
      SecretAccessKey: issued.secretAccessKey,
      SessionToken: issued.sessionToken,
      Expiration: new Date(state.clock.now() + seconds * 1000).toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: issued.principal.userId, Arn: issued.principal.arn },
  };
}

/** The claims of a JWT, unverified: nothing but the twin signs tokens here. Throws `InvalidIdentityToken`. */
function readClaims(token: string): WebIdentityClaims {
  const invalid = new AwsError(
    'InvalidIdentityToken',
    400,
    'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
  );
  const payload = token.split('.')[1];
  if (payload === undefined) throw invalid;
  let claims: { iss?: unknown; sub?: unknown; aud?: unknown };
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    throw invalid;
  }
  const audience = Array.isArray(claims.aud) ? claims.aud[0] : claims.aud;
  if (typeof claims.iss !== 'string' || typeof claims.sub !== 'string' || typeof audience !== 'string') throw invalid;
  return { issuer: claims.iss, subject: claims.sub, audience };
}
