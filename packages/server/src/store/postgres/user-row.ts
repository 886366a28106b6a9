/** The columns of a StoredUser. */
export const USER = `id, app_id AS "appId", idp_id AS "idpId", subject, email, name, status,
  active_in_directory AS "activeInDirectory", user_name AS "userName", created_at AS "createdAt",
  last_seen_at AS "lastSeenAt", said_at AS "saidAt"`;
