// A certified OpenID provider on loopback, for the tests. It is told by lines on its standard input what to do, answers
// each by a line on its standard output, and ends when its input does.

import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import Provider from 'oidc-provider'

console.info = console.log = console.warn // standard output is for the answers alone

const PEOPLE = {
  aino: { realm_access: { roles: ['offline_access', 'luotsi-worker'] }, organisation: 'kela', unit: 'asiakaspalvelu' },
  matti: { realm_access: { roles: ['luotsi-worker', 'luotsi-manager'] }, organisation: 'kela', unit: 'asiakaspalvelu' },
  bo: { realm_access: { roles: ['luotsi-worker'] }, organisation: 'pirha', unit: 'aikuissosiaalityo' },
  cilla: { realm_access: { roles: ['luotsi-manager'] }, organisation: 'pirha', unit: 'aikuissosiaalityo' },
  auri: {
    realm_access: { roles: ['luotsi-auditor'] },
    grant: { purpose: 'tarkastus', since: '2020-01-01T00:00:00+00:00', until: '2100-01-01T00:00:00+00:00' },
  },
  tarkastaja: { realm_access: { roles: ['luotsi-auditor'] } },
  vieras: { realm_access: { roles: ['offline_access'] } },
  jarjestelma: { realm_access: { roles: ['luotsi-system'] }, organisation: 'kela' },
}

// Whoever calls themselves by a client's id is that client.
const CLIENT = { realm_access: { roles: ['luotsi-client'] } }
const known = (id) => PEOPLE[id] ?? (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? CLIENT : undefined)

const CLAIMS = ['realm_access', 'organisation', 'unit', 'grant']
const { port: wanted, desk, origin } = JSON.parse(process.argv[2])
const server = createServer()
let answer = (request, response) => { response.statusCode = 503; response.end() }

function key() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { ...privateKey.export({ format: 'jwk' }), kid: randomBytes(8).toString('hex'), alg: 'ES256', use: 'sig' }
}

function provide(keys) {
  const provider = new Provider(`http://127.0.0.1:${server.address().port}`, {
    jwks: { keys },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    clients: [
      {
        client_id: 'jarjestelma', client_secret: 'secret of a system', grant_types: ['client_credentials'],
        redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256',
      },
      {
        client_id: 'desk', client_secret: desk, grant_types: ['authorization_code'], response_types: ['code'],
        redirect_uris: [`${origin}/signin/callback`], post_logout_redirect_uris: [`${origin}/`],
        id_token_signed_response_alg: 'ES256',
      },
    ],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', ...CLAIMS] },
    findAccount: (ctx, id) => known(id) && { accountId: id, claims: () => ({ sub: id, ...known(id) }) },
    extraTokenClaims: (ctx, token) => PEOPLE[token.accountId ?? token.clientId],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'read', audience: resource.replace('urn:', ''), accessTokenTTL: 600, accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
  })
  answer = provider.callback()
}

const say = (line) => process.stdout.write(`${line}\n`)
let keys = [key()]
const orders = {
  rotate() { keys = [key()] },
  overlap() { keys = [key(), ...keys] },
}

server.on('request', (request, response) => answer(request, response))
server.listen(wanted, '127.0.0.1', () => {
  provide(keys)
  say(`port ${server.address().port}`)
})
createInterface({ input: process.stdin })
  .on('line', (line) => { orders[line](); provide(keys); say('done') })
  .on('close', () => process.exit(0))
