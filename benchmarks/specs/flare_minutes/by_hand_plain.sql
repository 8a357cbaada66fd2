WITH flow AS (
    SELECT site, hour, year, T_EG, flame, F_RG * 0.62e0 * 0.716e0 / 60e0 AS m_RG, F_EG * 0.716e0 / 60e0 AS m_EG
    FROM flare_minutes
),
efficiency AS (
    SELECT
        site, hour, year, m_RG,
        CASE
            WHEN flame = 0 OR T_EG < 500e0 THEN 0e0
            WHEN T_EG >= 1100e0 THEN 0.9e0
            WHEN 1e0 - m_EG / NULLIF(m_RG, 0e0) < 0.5e0 THEN 0.5e0
            WHEN T_EG >= 850e0 THEN 0.98e0
            ELSE 0.995e0
        END AS eta
    FROM flow
),
hours AS (
    SELECT site, hour, year, SUM(m_RG * (1e0 - eta) * 28e0 / 1000e0) AS PE, SUM(m_RG) AS m_RG
    FROM efficiency
    GROUP BY site, hour, year
)
SELECT site, year, SUM(PE) AS PE, AVG(1e0 - PE / 28e0 / NULLIF(m_RG, 0e0) * 1000e0) AS eta_year
FROM hours
GROUP BY site, year
