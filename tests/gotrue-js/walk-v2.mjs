// The client of today (@supabase/auth-js 2), as an application of a server's own uses it: nothing is stored or refreshed
// behind our back.
import { AuthClient } from '@supabase/auth-js'

import {
  assert, codeIn, finish, follow, fragment, isSession, isUser, linkIn, message, newEmail, newPhone, password, redirectTo,
  service, step, url,
} from './steps.mjs'

const client = (flowType = 'implicit', headers = {}) =>
  new AuthClient({ url, headers, flowType, persistSession: false, autoRefreshToken: false, detectSessionInUrl: false })

/** A call that worked. */
function fine({ data, error }) {
  assert.equal(error, null, `no error: ${error?.message}`)
  return data
}

/** A call that was refused, with the server's word. */
function refused({ error }, ...codes) {
  assert.ok(error, 'an error')
  assert.ok(codes.includes(error.code), `${error.code}: ${error.message}`)
}

const email = newEmail()
const auth = client()

await step('v2 signUp', async () => {
  const { user, session } = fine(await auth.signUp({ email, password, options: { emailRedirectTo: redirectTo, data: { a: 1 } } }))
  assert.equal(session, null)
  isUser(user, { email, confirmed: false })
  refused(await auth.signInWithPassword({ email, password }), 'email_not_confirmed')
  refused(await auth.signUp({ email: newEmail(), password: 'abc' }), 'weak_password')
})

await step('v2 verifyOtp with a code', async () => {
  const token = codeIn(await message(email))
  const { session } = fine(await client().verifyOtp({ email, token, type: 'signup' }))
  isSession(session, { email })
  refused(await client().verifyOtp({ email, token, type: 'signup' }), 'otp_expired')
})

await step('v2 signInWithPassword', async () => {
  const { session, user } = fine(await auth.signInWithPassword({ email, password }))
  isSession(session, { email })
  assert.equal(user.id, session.user.id)
  refused(await client().signInWithPassword({ email, password: 'wrong' }), 'invalid_credentials')
})

await step('v2 getUser and updateUser', async () => {
  isUser(fine(await auth.getUser()).user, { email })
  const { user } = fine(await auth.updateUser({ data: { a: null, b: 2 } }))
  assert.deepEqual(user.user_metadata, { b: 2 })
})

await step('v2 getClaims', async () => {
  const { claims } = fine(await auth.getClaims())
  assert.equal(claims.sub, fine(await auth.getUser()).user.id)
})

await step('v2 refreshSession', async () => {
  const before = fine(await auth.getSession()).session
  const { session } = fine(await auth.refreshSession())
  isSession(session, { email })
  assert.notEqual(session.refresh_token, before.refresh_token)
})

await step('v2 signInWithOtp by e-mail', async () => {
  const unknown = newEmail()
  fine(await client().signInWithOtp({ email: unknown, options: { emailRedirectTo: redirectTo } }))
  const landed = fragment(await follow(linkIn(await message(unknown))))
  const { user } = fine(await client().getUser(landed.access_token))
  isUser(user, { email: unknown, confirmed: true })
})

await step('v2 signInWithOtp by SMS', async () => {
  const phone = newPhone()
  fine(await client().signInWithOtp({ phone: `+${phone}` }))
  const { session } = fine(await client().verifyOtp({ phone: `+${phone}`, token: codeIn(await message(phone)), type: 'sms' }))
  isSession(session, { phone })
})

await step('v2 PKCE', async () => {
  const kept = new Map()
  const storage = {
    getItem: (name) => kept.get(name) ?? null,
    setItem: (name, value) => { kept.set(name, value) },
    removeItem: (name) => { kept.delete(name) },
  }
  const pkce = new AuthClient({ url, flowType: 'pkce', storage, persistSession: true, autoRefreshToken: false, detectSessionInUrl: false })
  const careful = newEmail()
  fine(await pkce.signInWithOtp({ email: careful, options: { emailRedirectTo: redirectTo } }))
  const code = (await follow(linkIn(await message(careful)))).searchParams.get('code')
  assert.ok(code, 'a code instead of a session')
  const { session } = fine(await pkce.exchangeCodeForSession(code))
  isSession(session, { email: careful })
})

await step('v2 resetPasswordForEmail', async () => {
  fine(await client().resetPasswordForEmail(email, { redirectTo }))
  const landed = fragment(await follow(linkIn(await message(email, 2))))
  const recovering = client()
  fine(await recovering.setSession({ access_token: landed.access_token, refresh_token: landed.refresh_token }))
  const other = 'a quite different passphrase'
  fine(await recovering.updateUser({ password: other }))
  isSession(fine(await client().signInWithPassword({ email, password: other })).session, { email })
})

await step('v2 updateUser with a password, and refreshSession after it', async () => {
  const changing = client()
  fine(await changing.signInWithPassword({ email, password: 'a quite different passphrase' }))
  fine(await changing.updateUser({ password: 'a third and last passphrase' }))
  for (let turn = 0; turn < 2; turn += 1) {
    isSession(fine(await changing.refreshSession()).session, { email })
    isUser(fine(await changing.getUser()).user, { email })
  }
  fine(await changing.updateUser({ password: 'a quite different passphrase' }))
})

await step('v2 resend', async () => {
  const impatient = newEmail()
  fine(await client().signUp({ email: impatient, password }))
  await message(impatient)
  fine(await client().resend({ type: 'signup', email: impatient, options: { emailRedirectTo: redirectTo } }))
  await message(impatient, 2)
})

await step('v2 reauthenticate', async () => {
  const careful = client()
  const { session } = fine(await careful.signInWithPassword({ email, password: 'a quite different passphrase' }))
  assert.ok(session)
  fine(await careful.reauthenticate())
})

await step('v2 inviteUserByEmail', async () => {
  const guest = newEmail()
  const { user } = fine(await client('implicit', service).admin.inviteUserByEmail(guest, { redirectTo }))
  isUser(user, { email: guest, confirmed: false })
  refused(await client().admin.inviteUserByEmail(newEmail()), 'no_authorization')
})

await step('v2 admin.createUser, listUsers, updateUserById, deleteUser', async () => {
  const { admin } = client('implicit', service)
  const made = newEmail()
  const { user } = fine(await admin.createUser({ email: made, password, email_confirm: true, user_metadata: { a: 1 } }))
  isUser(user, { email: made, confirmed: true })
  const { users } = fine(await admin.listUsers({ page: 1, perPage: 1000 }))
  assert.ok(users.some((listed) => listed.id === user.id))
  isUser(fine(await admin.updateUserById(user.id, { user_metadata: { b: 2 } })).user, { email: made })
  isUser(fine(await admin.getUserById(user.id)).user, { email: made })
  fine(await admin.deleteUser(user.id))
  refused(await admin.getUserById(user.id), 'user_not_found')
}, 'POST /admin/users')

await step('v2 signOut', async () => {
  const leaving = client()
  const { session } = fine(await leaving.signInWithPassword({ email, password: 'a quite different passphrase' }))
  assert.equal((await leaving.signOut()).error, null)
  assert.ok((await client().getUser(session.access_token)).error)
})

finish()
