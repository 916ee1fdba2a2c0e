-- Bookings as one model: every list has a source, and a source knows when it was read last.

-- A list of bookings that comes from outside, whole each time.
CREATE TABLE booking_source (
  name TEXT PRIMARY KEY,                     -- file | feed (pushed over the API) | ical | demo | scenario
  kind TEXT NOT NULL CHECK (kind IN ('file','push','ical','demo','scenario')),
  read_at INTEGER,                           -- last read without an error, changed or not
  changed_at INTEGER,                        -- last read with another content than before
  error TEXT,                                -- why the last try failed; null: it did not
  error_at INTEGER,                          -- since when
  count INTEGER NOT NULL DEFAULT 0,          -- bookings in the list
  skipped INTEGER NOT NULL DEFAULT 0,        -- entries of the list that are no booking
  skipped_why TEXT NOT NULL DEFAULT '',      -- what is wrong with them, in words
  too_old_told INTEGER NOT NULL DEFAULT 0    -- people were told that it passed its limit
) STRICT;

-- The same id may come from two sources; a booking may have no number, and then opens no door.
CREATE TABLE booking_now (
  source TEXT NOT NULL, id TEXT NOT NULL, phone TEXT, name TEXT NOT NULL DEFAULT '', bay INTEGER NOT NULL,
  starts_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, reference TEXT, pin TEXT,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (source, id)
) STRICT;
INSERT INTO booking_now SELECT source, id, phone, name, bay, starts_at, ends_at, reference, pin, updated_at FROM booking;
INSERT INTO booking_source (name, kind, read_at, changed_at, count)
  SELECT source, CASE source WHEN 'file' THEN 'file' WHEN 'demo' THEN 'demo' WHEN 'scenario' THEN 'scenario' ELSE 'push' END,
         max(updated_at), max(updated_at), count(*) FROM booking GROUP BY source;
DROP TABLE booking;
ALTER TABLE booking_now RENAME TO booking;
CREATE INDEX booking_phone ON booking (phone, starts_at);
CREATE INDEX booking_bay ON booking (bay, starts_at);
CREATE INDEX booking_id ON booking (id);

-- What people were told about bookings already, so that it is said once: conflict | no-phone
CREATE TABLE booking_told (what TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (what, key)) STRICT;
