-- The shape of Chinook, a music shop: every name is quoted and in mixed case, no column tells when a
-- row changed, a table of pairs, a table that refers to itself.
CREATE TABLE "Artist" ("ArtistId" int PRIMARY KEY, "Name" varchar(120));
CREATE TABLE "Album" (
    "AlbumId" int PRIMARY KEY,
    "Title" varchar(160) NOT NULL,
    "ArtistId" int NOT NULL REFERENCES "Artist"
);
CREATE TABLE "Genre" ("GenreId" int PRIMARY KEY, "Name" varchar(120));
CREATE TABLE "MediaType" ("MediaTypeId" int PRIMARY KEY, "Name" varchar(120));
CREATE TABLE "Track" (
    "TrackId" int PRIMARY KEY,
    "Name" varchar(200) NOT NULL,
    "AlbumId" int REFERENCES "Album",
    "MediaTypeId" int NOT NULL REFERENCES "MediaType",
    "GenreId" int REFERENCES "Genre",
    "Composer" varchar(220),
    "Milliseconds" int NOT NULL,
    "Bytes" int,
    "UnitPrice" numeric(10, 2) NOT NULL
);
CREATE TABLE "Employee" (
    "EmployeeId" int PRIMARY KEY,
    "LastName" varchar(20) NOT NULL,
    "ReportsTo" int REFERENCES "Employee",
    "BirthDate" timestamp,
    "Email" varchar(60)
);
CREATE TABLE "Customer" (
    "CustomerId" int PRIMARY KEY,
    "FirstName" varchar(40) NOT NULL,
    "Company" varchar(80),
    "SupportRepId" int REFERENCES "Employee"
);
CREATE TABLE "Invoice" (
    "InvoiceId" int PRIMARY KEY,
    "CustomerId" int NOT NULL REFERENCES "Customer",
    "InvoiceDate" timestamp NOT NULL,
    "Total" numeric(10, 2) NOT NULL
);
CREATE TABLE "InvoiceLine" (
    "InvoiceLineId" int PRIMARY KEY,
    "InvoiceId" int NOT NULL REFERENCES "Invoice",
    "TrackId" int NOT NULL REFERENCES "Track",
    "UnitPrice" numeric(10, 2) NOT NULL,
    "Quantity" int NOT NULL
);
CREATE TABLE "Playlist" ("PlaylistId" int PRIMARY KEY, "Name" varchar(120));
CREATE TABLE "PlaylistTrack" (
    "PlaylistId" int REFERENCES "Playlist" ON UPDATE CASCADE,
    "TrackId" int REFERENCES "Track",
    CONSTRAINT "PK_PlaylistTrack" PRIMARY KEY ("PlaylistId", "TrackId")
);
CREATE INDEX "IFK_AlbumArtistId" ON "Album" ("ArtistId");

INSERT INTO "Artist" SELECT n, 'AC/DC ' || n FROM generate_series(1, 9) AS n;
INSERT INTO "Album" SELECT n, 'Für "Those" ' || n, n FROM generate_series(1, 9) AS n;
INSERT INTO "Genre" VALUES (1, 'Rock'), (2, NULL), (3, '');
INSERT INTO "MediaType" VALUES (1, 'MPEG audio file');
INSERT INTO "Track"
SELECT n, 'It''s ' || n, 1 + n % 9, 1, 1 + n % 3, NULL, n, n * 1000, 0.99
FROM generate_series(1, 90) AS n;
INSERT INTO "Employee" VALUES (1, 'Adams', NULL, '1962-02-18', 'a@x'), (2, 'Edwards', 1, NULL, NULL);
INSERT INTO "Customer" SELECT n, 'Luís', NULL, 2 FROM generate_series(1, 9) AS n;
INSERT INTO "Invoice" SELECT n, n, '2021-01-01'::date + n, n FROM generate_series(1, 9) AS n;
INSERT INTO "InvoiceLine" SELECT n, 1 + n % 9, n, 0.99, 1 FROM generate_series(1, 90) AS n;
INSERT INTO "Playlist" VALUES (1, 'Music'), (2, 'Movies'), (3, 'TV Shows');
INSERT INTO "PlaylistTrack" SELECT CASE WHEN n < 9 THEN 3 ELSE 1 + n % 2 END, n
FROM generate_series(1, 90) AS n;

-- === what a run sees
INSERT INTO "Artist" VALUES (10, NULL);
UPDATE "Track" SET "Composer" = E'A\nB\t"C"', "UnitPrice" = 1.99 WHERE "TrackId" = 1;
UPDATE "Playlist" SET "PlaylistId" = 30 WHERE "PlaylistId" = 3;
DELETE FROM "InvoiceLine" WHERE "InvoiceId" = 3;
DELETE FROM "Invoice" WHERE "InvoiceId" = 3;
UPDATE "Genre" SET "Name" = NULL WHERE "Name" = '';
INSERT INTO "Employee" VALUES (3, 'Peacock', 2, 'infinity', '');

-- === what a reconciliation sees
UPDATE "Employee" SET "ReportsTo" = 1 WHERE "EmployeeId" = 3;
DELETE FROM "PlaylistTrack" WHERE "TrackId" IN (1, 2);
UPDATE "MediaType" SET "MediaTypeId" = "MediaTypeId", "Name" = upper("Name");
UPDATE "Customer" SET "CustomerId" = 90 WHERE "CustomerId" = 3;
