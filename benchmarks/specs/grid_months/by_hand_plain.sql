WITH net AS (
    SELECT region, project, year, SUM(GREATEST(EG_export - EG_import, 0)) AS EG_net
    FROM grid_months
    GROUP BY region, project, year
)
SELECT region, project, year, EG_net * EF AS BE
FROM net LEFT JOIN factors USING (region, year)
