WITH net AS (
    SELECT
        region, project, year,
        CASE WHEN COUNT(EG_net) = COUNT(*) THEN CAST(SUM(CAST(EG_net * {grid} AS HUGEINT)) AS DOUBLE) * {step} END AS EG_net
    FROM (
        SELECT
            region, project, year,
            CASE WHEN EG_export >= EG_import THEN EG_export - EG_import WHEN EG_export < EG_import THEN 0e0 END AS EG_net
        FROM grid_months
    )
    GROUP BY region, project, year
)
SELECT region, project, year, EG_net * EF AS BE
FROM net LEFT JOIN factors USING (region, year)
