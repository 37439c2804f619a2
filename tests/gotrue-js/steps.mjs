// What both walks are written with: steps that print one line each, expectations that name what differs, the command
// line, and the letterbox of the test.
import assert from 'node:assert/strict'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    // Where the routes are: http://127.0.0.1:3000/api/auth
    url: { type: 'string' },
    // A token with the role service_role.
    'service-jwt': { type: 'string' },
    // Where mails and text messages are read: GET <mails>?to=<address> answers [{to, text, html, code}], oldest first.
    mails: { type: 'string' },
  },
})
for (const name of ['url', 'service-jwt', 'mails']) {
  if (!values[name]) {
    console.error(`usage: node walk.mjs --url URL --service-jwt JWT --mails URL (--${name} is missing)`)
    process.exit(2)
  }
}

export const url = values.url
export const serviceJwt = values['service-jwt']
export const service = { Authorization: `Bearer ${serviceJwt}` }
export const password = 'correct horse battery'
export const redirectTo = `${new URL(url).origin}/welcome`

const run = Math.random().toString(36).slice(2, 10)
let people = 0

/** An address nobody has had before. */
export const newEmail = () => `walker${people++}.${run}@example.com`

/** A number nobody has had before: Switzerland's mobile numbers. */
export const newPhone = () => `4179${String(Math.floor(Math.random() * 9_000_000) + 1_000_000)}`

const served = await (await fetch(`${url}/openapi.json`)).json()
let failed = 0

/**
 * Runs a step and prints a line about it. `route` is what the step needs of the server, as the server's own document
 * writes it; a step without its route is told apart from one that fails.
 */
export async function step(name, act, route = null) {
  if (route) {
    const [method, path] = route.split(' ')
    if (!served.paths[path]?.[method.toLowerCase()]) {
      console.log(`not served  ${name}`)
      return
    }
  }
  try {
    await act()
    console.log(`ok          ${name}`)
  } catch (error) {
    failed += 1
    console.log(`FAILED      ${name}`)
    console.error(`${name}: ${error.stack ?? error}`)
  }
}

export function finish() {
  process.exit(failed ? 1 : 0)
}

/** The last message to somebody, as soon as there are `count`. */
export async function message(to, count = 1) {
  for (let turn = 0; turn < 200; turn += 1) {
    const messages = await (await fetch(`${values.mails}?to=${encodeURIComponent(to)}`)).json()
    if (messages.length >= count) return messages[messages.length - 1]
    await new Promise((done) => setTimeout(done, 50))
  }
  throw new Error(`no message number ${count} came to ${to}`)
}

/** The link in a mail: the first URL of its text. */
export function linkIn(mail) {
  const link = /https?:\/\/\S+/.exec(mail.text)
  assert.ok(link, `a link in: ${mail.text}`)
  return link[0]
}

/** The code in a message: its first run of six to ten digits that stands alone. */
export function codeIn(message) {
  const code = message.code ?? /(?<!\d)\d{6,10}(?!\d)/.exec(message.text)?.[0]
  assert.ok(code, `a code in: ${message.text}`)
  return code
}

/** Opens a link as a browser does, and answers what it is led to. */
export async function follow(link) {
  const response = await fetch(link, { redirect: 'manual' })
  assert.equal(response.status, 303, `${link} leads on`)
  return new URL(response.headers.get('location'))
}

/** The members of a URL's fragment. */
export const fragment = (target) => Object.fromEntries(new URLSearchParams(target.hash.slice(1)))

const text = (value, name) => assert.ok(typeof value === 'string' && value, `${name} is text: ${value}`)
const moment = (value, name) => assert.ok(!Number.isNaN(Date.parse(value)), `${name} is a moment: ${value}`)

/** The v1 shape of a user. */
export function isUser(user, { email, phone, confirmed } = {}) {
  text(user.id, 'id')
  for (const name of ['aud', 'role', 'email', 'phone']) assert.equal(typeof user[name], 'string', name)
  for (const name of ['app_metadata', 'user_metadata']) assert.equal(typeof user[name], 'object', name)
  for (const name of ['created_at', 'updated_at']) moment(user[name], name)
  assert.ok(Array.isArray(user.identities), 'identities')
  if (email) assert.equal(user.email, email)
  if (phone) assert.equal(user.phone, phone)
  if (confirmed === true) moment(user.confirmed_at, 'confirmed_at')
  if (confirmed === false) assert.equal(user.confirmed_at, undefined, 'not confirmed')
  // That an administrator chose it is said, and nothing else.
  const said = JSON.stringify(user).replace('"must_change_password":true', '')
  assert.ok(!said.includes('password'), 'nothing of the password')
}

/** The v1 shape of a session, whose user is confirmed: v1's client saves no other. */
export function isSession(session, about) {
  text(session.access_token, 'access_token')
  text(session.refresh_token, 'refresh_token')
  assert.equal(session.token_type, 'bearer')
  assert.ok(Number.isInteger(session.expires_in) && session.expires_in > 0, 'expires_in')
  const ends = Math.round(Date.now() / 1000) + session.expires_in
  assert.ok(Math.abs(session.expires_at - ends) <= 2, 'expires_at')
  isUser(session.user, { confirmed: true, ...about })
}

/** A call that worked. */
export function fine({ data, error }) {
  assert.equal(error, null, `no error: ${JSON.stringify(error)}`)
  return data
}

/** A call that was refused. */
export function refused(result, status, message) {
  assert.ok(result.error, 'an error')
  assert.equal(result.data ?? null, null, 'no data')
  assert.equal(result.error.status, status, result.error.message)
  if (message) assert.equal(result.error.message, message)
}

export { assert }
