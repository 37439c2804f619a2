// Every method of the seed's client (GoTrueApi of @supabase/gotrue-js 1.20.0), against a server that confirms addresses.
import gotrue from '@supabase/gotrue-js'

import {
  assert, codeIn, fine, finish, follow, fragment, isSession, isUser, linkIn, message, newEmail, newPhone, password,
  redirectTo, refused, service, serviceJwt, step, url,
} from './steps.mjs'

const { GoTrueApi } = gotrue
const api = new GoTrueApi({ url })
const admin = new GoTrueApi({ url, headers: service })
const email = newEmail()
const data = { name: 'Ada', nested: { list: [1, 'two', null] } }
let session

await step('signUpWithEmail', async () => {
  const user = fine(await api.signUpWithEmail(email, password, { redirectTo, data }))
  isUser(user, { email, confirmed: false })
  assert.equal(user.access_token, undefined)
  assert.deepEqual(user.user_metadata, data)
  assert.ok(user.confirmation_sent_at)
  refused(await api.signInWithEmail(email, password), 400, 'Email not confirmed')

  const target = await follow(linkIn(await message(email)))
  assert.equal(target.origin + target.pathname, redirectTo)
  const landed = fragment(target)
  for (const name of ['access_token', 'expires_in', 'refresh_token']) assert.ok(landed[name], name)
  assert.equal(landed.token_type, 'bearer')
  assert.equal(landed.type, 'signup')
  isUser(fine(await api.getUser(landed.access_token)), { email, confirmed: true })
})

await step('signUpWithEmail refuses a weak password', async () => {
  refused(await api.signUpWithEmail(newEmail(), 'abc'), 422)
  refused(await api.signUpWithEmail('no address', password), 400)
})

await step('signUpWithEmail tells nobody who is here', async () => {
  const again = fine(await api.signUpWithEmail(email, password, { data }))
  isUser(again, { email, confirmed: false })
  const user = fine(await api.signInWithEmail(email, password)).user
  assert.notEqual(again.id, user.id)
})

await step('signInWithEmail', async () => {
  session = fine(await api.signInWithEmail(email, password, { redirectTo }))
  isSession(session, { email })
  assert.equal(session.user.app_metadata.provider, 'email')
  assert.deepEqual(session.user.user_metadata, data)
  refused(await api.signInWithEmail(email, 'wrong'), 400, 'Invalid login credentials')
  refused(await api.signInWithEmail(newEmail(), password), 400, 'Invalid login credentials')
})

await step('getUser', async () => {
  const found = await api.getUser(session.access_token)
  isUser(fine(found), { email, confirmed: true })
  assert.deepEqual(found.user, found.data)
  const nobody = await api.getUser('nonsense')
  assert.ok([401, 403].includes(nobody.error.status), JSON.stringify(nobody))
  assert.equal(nobody.user, null)
})

await step('updateUser', async () => {
  const changed = await api.updateUser(session.access_token, { data: { name: 'Grace', nested: null } })
  isUser(fine(changed), { email })
  assert.deepEqual(changed.user.user_metadata, { name: 'Grace' })
  assert.deepEqual(fine(await api.getUser(session.access_token)).user_metadata, { name: 'Grace' })
})

await step('refreshAccessToken', async () => {
  const refreshed = fine(await api.refreshAccessToken(session.refresh_token))
  isSession(refreshed, { email })
  assert.notEqual(refreshed.refresh_token, session.refresh_token)
  isUser(fine(await api.getUser(refreshed.access_token)), { email })
  session = refreshed
  const nobody = await api.refreshAccessToken('nonsense')
  assert.ok([400, 401].includes(nobody.error.status), JSON.stringify(nobody))
})

await step('sendMagicLinkEmail', async () => {
  const unknown = newEmail()
  assert.deepEqual(fine(await api.sendMagicLinkEmail(unknown, { redirectTo })), {})
  const landed = fragment(await follow(linkIn(await message(unknown))))
  isUser(fine(await api.getUser(landed.access_token)), { email: unknown, confirmed: true })
  assert.deepEqual(fine(await api.sendMagicLinkEmail(email)), {})
  refused(await api.sendMagicLinkEmail('no address'), 400)
})

await step('resetPasswordForEmail', async () => {
  const forgetful = newEmail()
  fine(await api.signUpWithEmail(forgetful, password))
  await follow(linkIn(await message(forgetful)))
  assert.deepEqual(fine(await api.resetPasswordForEmail(forgetful, { redirectTo })), {})
  const landed = fragment(await follow(linkIn(await message(forgetful, 2))))
  assert.equal(landed.type, 'recovery')
  const other = 'a quite different passphrase'
  isUser(fine(await api.updateUser(landed.access_token, { password: other })), { email: forgetful })
  refused(await api.signInWithEmail(forgetful, password), 400, 'Invalid login credentials')
  isSession(fine(await api.signInWithEmail(forgetful, other)), { email: forgetful })
  assert.deepEqual(fine(await api.resetPasswordForEmail(newEmail())), {}, 'as for a known one')
})

const phone = newPhone()

await step('sendMobileOTP', async () => {
  assert.equal(typeof fine(await api.sendMobileOTP(`+${phone}`)), 'object')
  refused(await api.sendMobileOTP('no number'), 400)
})

await step('verifyMobileOTP', async () => {
  const code = codeIn(await message(phone))
  refused(await api.verifyMobileOTP(`+${phone}`, code === '000000' ? '000001' : '000000'), 403)
  const verified = fine(await api.verifyMobileOTP(`+${phone}`, code, { redirectTo }))
  assert.ok(verified.access_token && verified.refresh_token)
  isUser(verified.user, { phone, confirmed: true })
  refused(await api.verifyMobileOTP(`+${phone}`, code), 403)
})

const caller = newPhone()

await step('signUpWithPhone', async () => {
  const user = fine(await api.signUpWithPhone(`+${caller}`, password, { data }))
  isUser(user, { phone: caller, confirmed: false })
  assert.deepEqual(user.user_metadata, data)
  refused(await api.signInWithPhone(`+${caller}`, password), 400, 'Phone not confirmed')
  const verified = fine(await api.verifyMobileOTP(`+${caller}`, codeIn(await message(caller))))
  isUser(verified.user, { phone: caller, confirmed: true })
})

await step('signInWithPhone', async () => {
  const signedIn = fine(await api.signInWithPhone(`+${caller}`, password))
  isSession(signedIn, { phone: caller })
  assert.equal(signedIn.user.app_metadata.provider, 'phone')
  refused(await api.signInWithPhone(`+${caller}`, 'wrong'), 400, 'Invalid login credentials')
})

await step('inviteUserByEmail', async () => {
  const guest = newEmail()
  const user = fine(await admin.inviteUserByEmail(guest, { redirectTo, data }))
  isUser(user, { email: guest, confirmed: false })
  assert.ok(user.invited_at)
  const landed = fragment(await follow(linkIn(await message(guest))))
  assert.equal(landed.type, 'invite')
  isUser(fine(await api.getUser(landed.access_token)), { email: guest, confirmed: true })
  refused(await admin.inviteUserByEmail(email), 422)
  assert.ok([401, 403].includes((await api.inviteUserByEmail(newEmail())).error.status))
  const somebody = new GoTrueApi({ url, headers: { Authorization: `Bearer ${session.access_token}` } })
  refused(await somebody.inviteUserByEmail(newEmail()), 403)
})

await step('getUrlForProvider', () => {
  assert.equal(
    api.getUrlForProvider('github', { redirectTo: 'https://a.example/?b=c', scopes: 'repo gist' }),
    `${url}/authorize?provider=github&redirect_to=https%3A%2F%2Fa.example%2F%3Fb%3Dc&scopes=repo%20gist`,
  )
})

await step('generateLink', async () => {
  const invited = newEmail()
  const made = fine(await admin.generateLink('signup', invited, { password, data, redirectTo }))
  isUser(made, { email: invited })
  assert.ok(made.action_link.includes(`redirect_to=${redirectTo}`), made.action_link)
  const landed = fragment(await follow(made.action_link))
  isUser(fine(await api.getUser(landed.access_token)), { email: invited, confirmed: true })
  assert.ok([401, 403].includes((await api.generateLink('magiclink', email)).error.status))
}, 'POST /admin/generate_link')

await step('setAuthCookie', () => {
  const headers = {}
  const answered = {}
  const response = {
    getHeader: (name) => headers[name],
    setHeader: (name, value) => { headers[name] = value },
    status(status) { answered.status = status; return this },
    json(body) { answered.body = body },
    end() {},
  }
  const request = { method: 'POST', headers: { host: 'app.example.com' }, body: { event: 'SIGNED_IN', session } }
  api.setAuthCookie(request, response)
  assert.deepEqual(answered, { status: 200, body: {} })
  assert.ok(headers['Set-Cookie'][0].startsWith(`sb:token=${encodeURIComponent(session.access_token)}; Max-Age=28800;`))
})

await step('getUserByCookie', async () => {
  const found = await api.getUserByCookie({ cookies: { 'sb:token': session.access_token } })
  isUser(fine(found), { email })
  assert.equal((await api.getUserByCookie({ cookies: {} })).error.message, 'No cookie found!')
  assert.ok((await api.getUserByCookie({ cookies: { 'sb:token': 'nonsense' } })).error.message)
})

await step('signOut', async () => {
  const leaving = fine(await api.signInWithEmail(email, password))
  assert.equal((await api.signOut(leaving.access_token)).error, null)
  const gone = await api.getUser(leaving.access_token)
  assert.ok([401, 403].includes(gone.error.status), JSON.stringify(gone))
  assert.ok((await api.refreshAccessToken(leaving.refresh_token)).error)
})

await step('deleteUser', async () => {
  const { user, access_token: jwt } = fine(await api.signInWithPhone(`+${caller}`, password))
  assert.equal((await api.deleteUser(user.id, jwt)).error.status, 403)
  fine(await api.deleteUser(user.id, serviceJwt))
  const response = await fetch(`${url}/admin/users/${user.id}`, { headers: service })
  assert.equal(response.status, 404)
  refused(await api.signInWithPhone(`+${caller}`, password), 400, 'Invalid login credentials')
}, 'DELETE /admin/users/{id}')

await step('a server that is not there', async () => {
  const { data: nothing, error } = await new GoTrueApi({ url: 'http://127.0.0.1:1' }).getUser('jwt')
  assert.equal(nothing, null)
  assert.ok(error)
})

finish()
