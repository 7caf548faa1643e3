-- The shape of Northwind, a trading company: names with spaces, as the first edition has them, keys of
-- text and of several columns, bytea, floating prices, tables without any key or without any row.
CREATE TABLE "Categories" (
    "Category ID" smallint PRIMARY KEY,
    "Category Name" varchar(15) NOT NULL,
    "Description" text,
    "Picture" bytea
);
CREATE TABLE "Customers" (
    "Customer ID" char(5) PRIMARY KEY,
    "Company Name" varchar(40) NOT NULL,
    "Phone/Fax" varchar(24)
);
CREATE TABLE "Customer Demographics" ("Customer Type ID" char(10) PRIMARY KEY, "Customer Desc" text);
CREATE TABLE "Customer Customer Demo" (
    "Customer ID" char(5),
    "Customer Type ID" char(10),
    PRIMARY KEY ("Customer ID", "Customer Type ID")
);
CREATE TABLE "Employees" (
    "Employee ID" smallint PRIMARY KEY,
    "Last Name" varchar(20) NOT NULL,
    "Birth Date" date,
    "Photo" bytea,
    "Reports To" smallint REFERENCES "Employees"
);
CREATE TABLE "Employee Territories" (
    "Employee ID" smallint,
    "Territory ID" varchar(20),
    PRIMARY KEY ("Employee ID", "Territory ID")
);
CREATE TABLE "Territories" (
    "Territory ID" varchar(20) NOT NULL,
    "Territory Description" char(50) NOT NULL,
    "Region ID" smallint NOT NULL
);
CREATE UNIQUE INDEX "PK Territories" ON "Territories" ("Territory ID");
CREATE TABLE "Region" ("Region ID" smallint PRIMARY KEY, "Region Description" char(50) NOT NULL);
CREATE TABLE "Orders" (
    "Order ID" smallint PRIMARY KEY,
    "Customer ID" char(5) REFERENCES "Customers" ON UPDATE CASCADE,
    "Order Date" date,
    "Freight" real,
    "Ship Name" varchar(40)
);
CREATE TABLE "Order Details" (
    "Order ID" smallint REFERENCES "Orders",
    "Product ID" smallint,
    "Unit Price" real NOT NULL,
    "Quantity" smallint NOT NULL,
    "Discount" real NOT NULL,
    PRIMARY KEY ("Order ID", "Product ID")
);
CREATE TABLE "Products" (
    "Product ID" smallint PRIMARY KEY,
    "Product Name" varchar(40) NOT NULL,
    "Unit Price" real,
    "Discontinued" int NOT NULL
);
CREATE TABLE "US States" ("State ID" smallint, "State Name" varchar(100));
CREATE TABLE "Shippers Temp" ("Company Name" varchar(40), "Phone" varchar(24));
CREATE VIEW "Alphabetical list of products" AS SELECT * FROM "Products" WHERE "Discontinued" = 0;

INSERT INTO "Categories" VALUES (1, 'Beverages', 'Soft drinks', '\x151c2f00'), (2, 'Condiments', '', '');
INSERT INTO "Customers" SELECT 'C' || n, 'Alfreds; DROP TABLE', '030/0074' FROM generate_series(1, 40) AS n;
INSERT INTO "Customers" VALUES ('', 'The empty key', NULL);
INSERT INTO "Employees" VALUES (1, 'Davolio', '1948-12-08', '\x00', NULL), (2, 'Fuller', NULL, NULL, 1);
INSERT INTO "Employee Territories" SELECT 1 + n % 2, '0' || n FROM generate_series(1, 9) AS n;
INSERT INTO "Territories" SELECT '0' || n, 'Westboro', 1 FROM generate_series(1, 9) AS n;
INSERT INTO "Region" VALUES (1, 'Eastern'), (2, 'Western');
INSERT INTO "Orders" SELECT n, 'C' || n, '1996-07-04', 32.38, NULL FROM generate_series(1, 40) AS n;
INSERT INTO "Order Details" SELECT n, m, 0.1 * m, m, 0.05 FROM generate_series(1, 40) AS n, generate_series(1, 3) AS m;
INSERT INTO "Products" SELECT n, 'Chai', 18.0 / n, 0 FROM generate_series(1, 9) AS n;
INSERT INTO "US States" SELECT n % 3, 'Alabama' FROM generate_series(1, 9) AS n;
INSERT INTO "US States" VALUES (NULL, NULL), (NULL, NULL);

-- === what a run sees
INSERT INTO "Orders" VALUES (41, '', NULL, 'NaN', 'x');
UPDATE "Order Details" SET "Discount" = 1e-20 WHERE "Order ID" = 2;
DELETE FROM "Order Details" WHERE "Order ID" = 1;
UPDATE "Customers" SET "Customer ID" = 'new' WHERE "Customer ID" = 'C3';
UPDATE "Categories" SET "Picture" = '\xff' WHERE "Category ID" = 2;
INSERT INTO "US States" VALUES (1, 'Alabama');
DELETE FROM "US States" WHERE ctid = (SELECT min(ctid) FROM "US States" WHERE "State ID" IS NULL);
INSERT INTO "Customer Demographics" VALUES ('  a', 'leading');
INSERT INTO "Shippers Temp" VALUES (NULL, ''), (NULL, NULL);
UPDATE "Territories" SET "Territory ID" = '01 ' WHERE "Territory ID" = '01';

-- === what a reconciliation sees
UPDATE "US States" SET "State Name" = 'Alaska' WHERE "State ID" = 2;
DELETE FROM "Customer Demographics";
UPDATE "Employees" SET "Employee ID" = 3 WHERE "Employee ID" = 2;
UPDATE "Products" SET "Unit Price" = NULL WHERE "Product ID" = 1;
