WITH net AS (
    SELECT
        region, project, year,
        SUM(CAST(CASE WHEN EG_export >= EG_import THEN EG_export - EG_import ELSE 0e0 END * {grid} AS HUGEINT)) AS EG_net
    FROM grid_months
    GROUP BY region, project, year
)
SELECT COUNT(BE), SUM(BE), MIN(BE), MAX(BE)
FROM (
    SELECT region, project, year, CAST(EG_net AS DOUBLE) * {step} * EF AS BE
    FROM net LEFT JOIN factors USING (region, year)
)
